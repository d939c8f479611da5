"""Where torch works: the word "auto", and devices that are not there."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.bayes import Ensemble, LaplaceAll, LaplaceSubnet, MCDropout
from spin_nb.bayes._device import beside, pick
from spin_nb.errors import ModelError

torch = pytest.importorskip("torch")
POSTERIORS = [Ensemble, MCDropout, LaplaceAll, LaplaceSubnet]


def absent():
    return "mps" if torch.cuda.is_available() else "cuda:0"


def test_auto_is_a_cuda_device_where_there_is_one():
    assert pick().type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert pick("cpu") == pick(torch.device("cpu")) == torch.device("cpu")


@pytest.mark.parametrize("bad", ["tpu", "auto ", "", "cuda:77", "meta", "privateuseone", None, -1, 1.5])
def test_a_device_that_is_not_there_is_refused_with_what_to_use(bad):
    with pytest.raises(ModelError, match="there is no device") as caught:
        pick(bad)
    assert "'auto'" in caught.value.do
    assert len(caught.value.what) < 300


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", POSTERIORS)
def test_every_posterior_that_trains_takes_a_device(make):
    x = np.array([[-1.0], [-2.0], [1.0], [2.0]], np.float32)
    y = np.array([0, 0, 1, 1])
    for bad in ("tpu", absent()):
        with pytest.raises(ModelError, match="there is no device"):
            make(device=bad).fit(x, y, n_classes=2)
    here = make(device="cpu").fit(x, y, n_classes=2).predict(x)
    assert type(here.mean) is type(here.draws(np.arange(4), 2, 0)) is np.ndarray
    if pick().type == "cpu":
        assert np.array_equal(make().fit(x, y, n_classes=2).predict(x).mean, here.mean)


def test_inputs_go_where_the_weights_are():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert torch.equal(beside(torch.nn.Linear(2, 2), x[:, ::2]), torch.from_numpy(x[:, ::2].copy()))
    assert beside(torch.nn.Identity(), x).device.type == "cpu"
    assert beside(torch.nn.Linear(4, 2, device="meta"), x).device.type == "meta"
