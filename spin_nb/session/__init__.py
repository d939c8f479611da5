"""The loop: commands in, events on disk, signals out.

One session owns the facts of one project.  A command (or a view's message) becomes an event that is committed
to disk, then a signal; each view answers the signal by pulling a snapshot.  Never another way round.

Rooms, each knowing only those below it; files beside them say what they are about in their names:

============ ===========================================================================
``open``     ``spin_nb.open``: creates or reopens a project, refuses contradictions
``session``  :class:`Session`: wires the rooms; views, verbs, facts and parts for the user
``labeller`` what the pages of views ask for: cards, entries applied exactly once, keys
``stream``   arrivals: scored, watched for drift, offered for labelling
``asks``     what to ask next: hidden audits among a strategy's picks
``audit``    what the hidden sample says: accuracy with its interval, the learning curve
``model``    features, learner, training, predictions, explanations, export
``labels``   the label log, what trains and what audits; the lock and its rule
``runtime``  the main thread, workers and jobs
``checks``   files compared with their checksums, pools with their projects
============ ===========================================================================
"""
