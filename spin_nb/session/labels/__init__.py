"""Labels: the log of events and what follows from it, which labels train, which audit, what each counts.

Nothing here knows a model.  One lock, ``LabelLog.lock``, guards the labels and everything that follows them: the audit
plan, the learner, the predictive, the pool's rows.

- It may be taken on any thread, again by whoever has it; whoever has it waits for no other thread and no lock.
- Whoever writes to the database does so through :meth:`LabelLog.retry_while_busy`: it lets go of the lock while another
  process has the database, so that reading goes on.
- What takes long (drawing asks, reading pictures, fitting) takes copies under the lock and works without it.
"""
