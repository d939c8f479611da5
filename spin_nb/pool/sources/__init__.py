"""Whatever a person passes as ``pool=``, read into :class:`spin_nb.pool.pool_data.PoolData`."""
