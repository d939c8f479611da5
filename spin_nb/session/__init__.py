"""The loop: commands in, events on disk, signals out.

One session owns the facts of one project.  A command (or a view's message) becomes an event that is committed
to disk, then a signal; each view answers the signal by pulling a snapshot.  Never another way round.

============== =====================================================================
``core``       :class:`Session`: nouns (views, facts) and verbs (commands)
``opening``    ``spin_nb.open``: creates or reopens a project, refuses contradictions
``label_log``     label events, their fold, and which labels train and which audit
``asking``     what to ask next: hidden audits, strategies, acquisition probability
``drawing``    what a draw of asks needs of the session
``channel``    the labeller's messages: exactly once, in order, on any thread
``training``   heads, posteriors and whole models: trained, kept, brought back
``surveyed``   what a network says of the pool, kept so that opening does not wait
``prediction`` what ``s.predict`` returns: probabilities, doubt, conformal sets
``check``      ``s.check``: every file compared with its checksum
``watching``   arrivals: scored, watched for drift, offered for labelling
``home``       the one thread that signals, and how others reach it
``jobs``       long work in the background, with a job
============== =====================================================================
"""
