"""Encoding with pretrained networks, beside plain loops; and its memory: ``python -m benchmarks encode``.

Photos of 500 x 375 pixels, JPEG files, mosaics of ``samples.photos()``, through efficientnet-lite; short texts,
banking77 and AG News in turn, through minilm.  Ours is all that ``spin.open`` does to get features: files are read and
decoded, texts cut into tokens, the encoder learns, batches are kept while the rest is encoded, and the cache is
written.  The peers are what the libraries' pages show: pictures opened by Pillow at 224 x 224 pixels, 32 at a time
through the network in torch, and one at a time in onnxruntime with its default threads; texts sorted by length, 32 at a
time through onnxruntime (with our tokens: tokenizers is not needed here).  Each runs in a process of its own and loads
its network before the clock starts; the fastest peer counts.  CPU seconds are printed beside the wall's: on a busy
machine they say what cores that do nothing else take.  How long 10,000 photos and 50,000 texts take is extrapolated.

Memory is how far the peak of a process rises while it encodes small pictures from files, beyond what it had when the
pool was open and other small ones had been encoded.

    python -m benchmarks.encode            # all, a few minutes
    python -m benchmarks.encode photos     # or texts, memory
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SPIN_DATA_DIR", ROOT / ".." / "shared" / "data"))
N_PHOTOS, N_TEXTS, BATCH, CORES = 300, 2_000, 32, 2
PHOTO_SHAPE, NETWORK_SIDE = (375, 500), 224
ASKED_MINUTES = {"photos": (10_000, 6), "texts": (50_000, 10)}
MEMORY_ITEMS = (10_000, 50_000, 100_000)
SMALL_SIDE = 24
MAX_GROWTH_MB = 50
"""Beyond the features, from the fewest items to the most: what the pool itself keeps of an item is less."""


def make_photos(folder: Path, n: int) -> None:
    """Write mosaics of pieces of photographs, as JPEG files."""
    from PIL import Image

    from spin_nb.pool.sources import samples

    pieces, rng = samples.photos().items, np.random.default_rng(0)
    folder.mkdir()
    for number in range(n):
        rows = [np.concatenate(list(pieces[rng.integers(0, len(pieces), 7)]), axis=1) for _ in range(6)]
        mosaic = np.concatenate(rows)[: PHOTO_SHAPE[0], : PHOTO_SHAPE[1]]
        Image.fromarray(mosaic).save(folder / f"{number:05}.jpg", quality=90)


def read_texts(n: int) -> list[str]:
    """Questions of customers and lines of news, in turn."""
    import polars as pl

    questions = pl.read_csv(DATA / "banking77" / "train.csv")["text"].to_list()
    articles = pl.read_parquet(DATA / "ag_news_test" / "ag_news_test.parquet")
    news = (articles["title"] + " " + articles["description"]).to_list()
    return [text for pair in zip(questions, news, strict=False) for text in pair][:n]


Speed = tuple[float, float]
"""Items a second, and CPU seconds of all threads an item."""


def speed(act: Callable[[], Any], n: int) -> Speed:
    start, cpu = time.perf_counter(), time.process_time()
    act()
    return n / (time.perf_counter() - start), (time.process_time() - cpu) / n


def ours(pool: Any, word: str, n: int) -> Speed:
    """Features of a pool from nothing."""
    from spin_nb.pool.encoders import make_encoder
    from spin_nb.pool.features.cache import features
    from spin_nb.pool.pool import Pool
    from spin_nb.pool.sources.read import read_pool

    with tempfile.TemporaryDirectory() as folder:
        store = Pool.save(folder, read_pool(pool))
        encoder = make_encoder(word, store)
        encoder.fit(store.load(range(8)))  # loads the network
        encoder.encode(store.load(range(8)))
        return speed(lambda: features(store, word), n)


def photo_tensor(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB").resize((NETWORK_SIDE, NETWORK_SIDE)), np.float32) / 255
    return pixels.transpose(2, 0, 1)


def torch_loop(paths: Sequence[Path]) -> Speed:
    import torch

    from spin_nb.pool.encoders.efficientnet_lite import EfficientNetLite

    network = EfficientNetLite()._network()

    @torch.inference_mode()
    def loop() -> None:
        for start in range(0, len(paths), BATCH):
            network(torch.from_numpy(np.stack([photo_tensor(path) for path in paths[start : start + BATCH]])))

    network(torch.zeros(2, 3, NETWORK_SIDE, NETWORK_SIDE))
    return speed(loop, len(paths))


def onnx_loop(paths: Sequence[Path]) -> Speed:
    import onnxruntime
    import torch

    from spin_nb.pool.encoders.efficientnet_lite import EfficientNetLite
    from spin_nb.pool.encoders.onnx_export import export_features

    graph = export_features(EfficientNetLite()._network(), torch.rand(2, 3, NETWORK_SIDE, NETWORK_SIDE))
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    session.run(None, {"input": photo_tensor(paths[0])[None]})
    return speed(
        lambda: [session.run(None, {"input": photo_tensor(path)[None]}) for path in paths], len(paths)
    )


def text_loop(texts: Sequence[str]) -> Speed:
    import onnxruntime

    from spin_nb.pool.encoders.minilm import MAX_TOKENS, MiniLM, _embed
    from spin_nb.pool.encoders.wordpiece import tokenize

    session = onnxruntime.InferenceSession(MiniLM()._file.read_bytes(), providers=["CPUExecutionProvider"])
    _embed(session, [tokenize(text, MAX_TOKENS)[0] for text in texts[:8]])

    def loop() -> None:
        in_order = sorted(texts, key=len)
        for start in range(0, len(texts), BATCH):
            _embed(session, [tokenize(text, MAX_TOKENS)[0] for text in in_order[start : start + BATCH]])

    return speed(loop, len(texts))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def memory(folder: Path) -> tuple[float, float, float]:
    """Peak before and after the features of small pictures in files, and the features themselves, MB."""
    from spin_nb.pool.features.cache import features
    from spin_nb.pool.pool import Pool
    from spin_nb.pool.sources.read import read_pool

    with tempfile.TemporaryDirectory() as scratch:
        few = np.random.default_rng(0).integers(0, 256, (3_000, SMALL_SIDE, SMALL_SIDE, 3), dtype=np.uint8)
        features(Pool.save(Path(scratch) / "few", read_pool(few)), "pixels-pca")
        pool = Pool.save(Path(scratch) / "pool", read_pool(folder))
        before = peak_mb()
        rows = features(pool, "pixels-pca")[1]
        return before, peak_mb(), rows.nbytes / 1e6


def make_small_pictures(folder: Path, n: int) -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    for part in range(-(-n // 1_000)):
        (folder / f"{part:03}").mkdir(parents=True)
        for number in range(min(1_000, n - 1_000 * part)):
            pixels = rng.integers(0, 256, (SMALL_SIDE, SMALL_SIDE, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{part:03}" / f"{number:03}.png", compress_level=1)


def alone(*words: object) -> Any:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.encode", "--measure", *map(str, words)]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    return json.loads(answer.strip().splitlines()[-1])


def measure(what: str, place: str, n: str) -> Any:
    if what == "memory":
        return memory(Path(place))
    if what == "our-photos":
        return ours(Path(place), "efficientnet-lite", int(n))
    if what == "our-texts":
        return ours(read_texts(int(n)), "minilm", int(n))
    if what == "text-loop":
        return text_loop(read_texts(int(n)))
    paths = sorted(Path(place).iterdir())
    return torch_loop(paths) if what == "torch-loop" else onnx_loop(paths)


def compare(what: str, n: int, our_speed: Speed, peer_speeds: dict[str, Speed]) -> None:
    n_asked, minutes = ASKED_MINUTES[what]
    rate, cpu = our_speed
    best = max(peer_rate for peer_rate, _ in peer_speeds.values())
    least_cpu = min(peer_cpu for _, peer_cpu in peer_speeds.values())
    for name, (each_rate, each_cpu) in {"spin_nb": our_speed, **peer_speeds}.items():
        print(f"{n:>8,} {what} {name:12}{each_rate:>8.1f} items/s{1000 * each_cpu:>9.1f} CPU ms an item")
    wall_minutes, cpu_minutes = n_asked / rate / 60, n_asked * cpu / CORES / 60
    print(
        f"         ratio to the fastest loop {rate / best:.2f} x, in CPU time {least_cpu / cpu:.2f} x "
        f"({'ok' if rate >= best else 'MISSED'}: 1.0 x is asked); {n_asked:,} would take "
        f"{wall_minutes:.1f} min at this rate, {cpu_minutes:.1f} min on {CORES} cores that do nothing else "
        f"({'ok' if wall_minutes <= minutes else 'MISSED'}: {minutes} min are asked)",
        flush=True,
    )


def show_memory() -> None:
    growths = []
    for n in MEMORY_ITEMS:
        with tempfile.TemporaryDirectory() as folder:
            make_small_pictures(Path(folder), n)
            before, after, features_mb = alone("memory", folder, n)
        growths.append(after - before - features_mb)
        print(
            f"{n:>8,} pictures: peak {before:.0f} MB with the pool open, {after:.0f} MB while encoding, of which the "
            f"features are {features_mb:.0f} MB",
            flush=True,
        )
    growth = growths[-1] - growths[0]
    print(
        f"from {MEMORY_ITEMS[0]:,} to {MEMORY_ITEMS[-1]:,} items memory beyond the features grows by {growth:.0f} MB, "
        f"to {growths[-1] / growths[0]:.2f} x "
        f"({'ok' if growth <= MAX_GROWTH_MB else 'MISSED'}: at most {MAX_GROWTH_MB} MB)",
        flush=True,
    )


def main(words: list[str]) -> None:
    words = words or ["photos", "texts", "memory"]
    if "photos" in words:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "photos"
            make_photos(place, N_PHOTOS)
            rates = {name: alone(f"{name}-loop", place, N_PHOTOS) for name in ("torch", "onnx")}
            compare("photos", N_PHOTOS, alone("our-photos", place, N_PHOTOS), rates)
    if "texts" in words:
        if (DATA / "banking77").is_dir() and (DATA / "ag_news_test").is_dir():
            rates = {"onnxruntime": alone("text-loop", "-", N_TEXTS)}
            compare("texts", N_TEXTS, alone("our-texts", "-", N_TEXTS), rates)
        else:
            print(f"texts not measured: banking77 and ag_news_test are not in {DATA}")
    if "memory" in words:
        show_memory()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(*sys.argv[2:5])))
    else:
        main(sys.argv[1:])
