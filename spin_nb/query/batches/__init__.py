"""Batches: which ``k`` rows to ask together, so that they do not tell the same thing ``k`` times.

Every function takes arrays over the same ``n`` rows, ``k``, the labelled rows among them and a seed, and returns
:class:`~spin_nb.types.Picked`.  Nothing here holds an n x n array: 50,000 x 128 takes a second and less than 200 MB.

What they are worth depends on the batch.  scikit-learn's digits, pixels under a last-layer Laplace posterior, 20
random labels and then 60 batches of 1, 12 of 10 or 5 of 50; mean accuracy over the rounds in points above random
batches (70.5, 79.3 and 81.1 %), 8 seeds, standard errors .3 to .8 (.4 to 2 in batches of 1);
``python -m benchmarks.batch_sizes``:

================  =====  =====  =====
batches of            1     10     50
================  =====  =====  =====
margin, the top    +7.5   +2.2   -0.7
margin, diverse    +7.5   +5.0   +1.7
BALD, the top      +1.7   -1.0   -2.4
BALD, diverse      +1.7   +3.1   +1.5
batchbald          +1.7   +1.1   -0.4
power_bald         +0.8   -0.2   -0.1
badge              +3.0   +1.0   +0.4
falcun             +6.2   +1.7   +1.5
max_herding        +7.5   +4.8   +2.2
typiclust          +7.4   +4.5   +1.3
probcover          +4.6   +1.8   +0.4
dcom               +4.9   +1.6    0.0
clue              -16.3   +1.3   +1.2
drop_query        -15.7   +2.1   +1.1
kmeans_pp          +1.9    0.0    0.0
kcenter            -3.7   -1.2   +0.9
ranked_batch       -3.3   -0.6   +1.3
class_balanced     +7.0   +0.5   -0.9
discriminative     +1.6   +0.5   -0.4
contrastive        -4.0   -6.0   -8.6
================  =====  =====  =====
"""
