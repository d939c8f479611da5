"""Projects that somebody made to harm: each is an honest one, changed; ``out`` is a folder that is none of theirs.

A name that begins with "opens" is of one that does no harm after all and opens.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.project import seals

Make = Callable[[Path, Path], Any]
PROJECTS: dict[str, Make] = {}


def project(name: str) -> Callable[[Make], Make]:
    """Enter a maker under its name."""

    def enter(make: Make) -> Make:
        PROJECTS[name] = make
        return make

    return enter


def sql(name: str, *statements: str) -> None:
    """A project whose database somebody spoke to."""
    PROJECTS[name] = lambda p, out: script(p, *statements)


def script(p: Path, *statements: str) -> None:
    with closing(sqlite3.connect(p / "project.db")) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def told(name: str, *statements: str) -> None:
    """A project whose rows somebody rewrote, and sealed again: that they hang together proves nothing."""
    PROJECTS[name] = lambda p, out: sealed(p, *statements)


def sealed(p: Path, *statements: str) -> None:
    """Speak to the database, then bring every hash up to date, as whoever knows this program can."""
    script(p, *statements)
    with closing(sqlite3.connect(p / "project.db")) as db:
        start = chain = seals.first(db)
        columns = [row[1] for row in db.execute("PRAGMA table_info(events)") if row[1] != "chain"]
        for row in db.execute(f"SELECT {', '.join(columns)} FROM events ORDER BY seq").fetchall():
            chain = seals.link(chain, row)
            db.execute("UPDATE events SET chain = ? WHERE seq = ?", (chain, row[0]))
        seals.begin(db, start)
        db.commit()
    (p / "project.db.seal").unlink(missing_ok=True)


def facts(p: Path, name: str = "pool.json", **changes: Any) -> None:
    """Change entries of a JSON file of the pool."""
    path = p / "pool" / name
    before = json.loads(path.read_text())
    for key in ("seal", "files"):  # older versions had no checksums
        before.pop(key, None)
    path.write_text(json.dumps({**before, **changes}))


def instead(path: Path) -> Path:
    """``path``, free for something else."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return path


# -- triggers, views and other tables -----------------------------------------------------------------------------

sql(
    "a trigger rewrites what is labelled",
    "CREATE TRIGGER t AFTER INSERT ON events BEGIN UPDATE events SET value = '\"c\"' WHERE seq = NEW.seq; END",
)
sql(
    "a trigger adds labels of its own",
    "CREATE TRIGGER t AFTER INSERT ON asks BEGIN INSERT INTO events(time, annotator, kind, item, value)"
    " VALUES ('2026-01-01T00:00:00.000000+00:00', 'me', 'label', NEW.item, '\"c\"'); END",
)
sql(
    "a trigger drops labels without a word",
    "CREATE TRIGGER t BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END",
)
sql(
    "a trigger when the encoder is noted",
    "CREATE TRIGGER t AFTER UPDATE ON meta BEGIN DELETE FROM events; END",
)
sql("a trigger when asks go", "CREATE TRIGGER t AFTER DELETE ON asks BEGIN DELETE FROM events; END")
sql(
    "a view that takes what is inserted",
    "ALTER TABLE clients RENAME TO c0",
    "CREATE VIEW clients AS SELECT * FROM c0",
    "CREATE TRIGGER t INSTEAD OF INSERT ON clients BEGIN DELETE FROM events; END",
)
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
sql(
    "an endless view in the place of meta",
    "ALTER TABLE meta RENAME TO m0",
    f"CREATE VIEW meta AS {ENDLESS} SELECT key, value FROM m0 UNION ALL SELECT 'k' || x, '1' FROM c",
)
sql(
    "a view of 400 MB of hex in the place of meta",
    "ALTER TABLE meta RENAME TO m0",
    "CREATE VIEW meta AS SELECT key, value FROM m0 UNION ALL SELECT 'big', '\"' || hex(zeroblob(200000000)) || '\"'",
)
sql("an endless view beside the tables", f"CREATE VIEW more AS {ENDLESS} SELECT x FROM c")
sql(
    "a virtual table in the place of models",
    "DROP TABLE models",
    "CREATE VIRTUAL TABLE models USING fts5(id, created, head, card)",
)
sql("a table beside the tables", "CREATE TABLE more(a)")
sql(
    "a generated column in the place of the value",
    "PRAGMA foreign_keys = OFF",
    "ALTER TABLE events ADD COLUMN extra TEXT AS (upper(value)) VIRTUAL",
)
sql("an index on an expression", "CREATE INDEX i ON events(hex(zeroblob(1000)) || value)")
sql("an index that refuses", "CREATE UNIQUE INDEX i ON events(item)")


for _table, _column, _value in (
    ("events", "gesture", "'x'"),
    ("events", "shown_ms", "'x'"),
    ("events", "client_seq", "'x'"),
    ("runs", "metrics", "x'80ff'"),
    ("clients", "seq", "'x'"),
):
    told(
        f"another type in {_table}.{_column}",
        "INSERT INTO clients VALUES ('page', 1)",
        f"UPDATE {_table} SET {_column} = {_value}",
    )


@project("a check that refuses every label but one")
def _(p: Path, out: Path) -> None:
    rewrite(p, "events", "value TEXT,", "value TEXT CHECK(value IS NULL OR value = '\"c\"'),")


@project("a default that fills the memory")
def _(p: Path, out: Path) -> None:
    rewrite(p, "asks", "discarded INTEGER NOT NULL DEFAULT 0", "discarded DEFAULT (zeroblob(900000000))")


@project("another order of letters")
def _(p: Path, out: Path) -> None:
    rewrite(p, "items", "id TEXT NOT NULL UNIQUE", "id TEXT COLLATE NOCASE NOT NULL UNIQUE")


def rewrite(p: Path, table: str, old: str, new: str) -> None:
    """Change the definition of a table in place, as ``writable_schema`` allows."""
    with closing(sqlite3.connect(p / "project.db")) as db:
        before = db.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
        assert old in before
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (before.replace(old, new), table))
        db.commit()


# -- what is in the tables ----------------------------------------------------------------------------------------

CELL = "'\"' || hex(zeroblob(20000000)) || '\"'"
told("a cell of 40 MB among the facts", f"INSERT INTO meta VALUES ('big', {CELL})")
told("a cell of 40 MB among the models", f"INSERT INTO models VALUES ('m', '2026-01-01', 'graph', {CELL})")
DEEP = "replace(hex(zeroblob(50000)), '00', '[')"
told("brackets 50,000 deep among the facts", f"INSERT INTO meta VALUES ('deep', {DEEP})")
told("brackets 50,000 deep as a label", f"UPDATE events SET value = {DEEP}")
told("events numbered to the end", "UPDATE events SET seq = 9223372036854775807 WHERE seq = 2")
told("asks numbered to the end", "INSERT INTO sqlite_sequence VALUES ('asks', 9223372036854775807)")
told("an absurd seed", "UPDATE meta SET value = '1e400' WHERE key = 'seed'")
told("opens: a seed of a thousand digits", f"UPDATE meta SET value = '{'9' * 1000}' WHERE key = 'seed'")
told("an encoder that is a command", "UPDATE meta SET value = '\"os:system\"' WHERE key = 'encoder'")
told("text that is none", "UPDATE events SET annotator = x'80', kind = x'ff00fe'")
told("opens: names that turn the line", "UPDATE events SET annotator = '\u202egnirts\u200b<b>'")
told("times that are none", "UPDATE events SET time = '99999-99-99'")
told("opens: an item of 2 MB of name", "UPDATE items SET id = hex(zeroblob(1000000)) WHERE row = 3")


@project("one page in five hundred places")
def _(p: Path, out: Path) -> None:
    """A tree whose branches are all the same: 200 kB that hold billions of rows."""
    with closing(sqlite3.connect(p / "project.db", isolation_level=None)) as db:
        rows = ((f"2026-01-01T{i:06d}", "x" * 900) for i in range(3000))
        db.execute("BEGIN")  # or each of them waits for the disk
        db.executemany(
            "INSERT INTO runs(started, settings, status, metrics) VALUES (?, ?, 'done', '{}')", rows
        )
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs'").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    data = bytearray((p / "project.db").read_bytes())
    start = (root - 1) * size
    assert data[start] == 5  # an inner page of a table
    cells = struct.unpack_from(">H", data, start + 3)[0]
    places = struct.unpack_from(f">{cells}H", data, start + 12)
    child = data[start + places[0] : start + places[0] + 4]
    for place in places:
        data[start + place : start + place + 4] = child
    (p / "project.db").write_bytes(data)


@project("a wrong number of pages")
def _(p: Path, out: Path) -> None:
    with (p / "project.db").open("r+b") as file:
        file.seek(28)
        file.write(struct.pack(">I", 2**31 - 1))


@project("a log with a trigger in it")
def _(p: Path, out: Path) -> None:
    """Only the log holds it: the database file is an honest one."""
    copy = out / "copy"
    shutil.copytree(p, copy)
    with closing(sqlite3.connect(copy / "project.db")) as db:
        db.execute("CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM events; END")
        db.commit()
        for name in ("project.db", "project.db-wal"):
            shutil.copy(copy / name, p / name)
    shutil.rmtree(copy)


@project("opens: a log of another database")
def _(p: Path, out: Path) -> None:
    (p / "project.db-wal").write_bytes(b"\x37\x7f\x06\x82" + os.urandom(100_000))


@project("a journal that names a file to delete")
def _(p: Path, out: Path) -> None:
    hot_journal(p, out / "precious.txt")


@project("a journal of a write that did not end")
def _(p: Path, out: Path) -> None:
    hot_journal(p, None)


def hot_journal(p: Path, victim: Path | None) -> None:
    """The journal of a transaction that was cut off; at its end the file that belongs to it, which SQLite deletes."""
    with closing(sqlite3.connect(p / "project.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        for _ in range(500):
            db.execute("INSERT INTO meta VALUES (hex(randomblob(200)), '1')")
        journal = (p / "project.db-journal").read_bytes()
        database = (p / "project.db").read_bytes()
        db.execute("ROLLBACK")
    if victim is not None:
        name = os.fsencode(victim)
        total = sum(struct.unpack(f"{len(name)}b", name)) & 0xFFFFFFFF
        journal += struct.pack(">I", 2**30 // 4096 + 1) + name + struct.pack(">II", len(name), total)
        journal += bytes.fromhex("d9d505f920a163d7")
    (p / "project.db").write_bytes(database)
    (p / "project.db-journal").write_bytes(journal)


# -- links --------------------------------------------------------------------------------------------------------


def link(name: str, place: str, target: str, *, hard: bool = False) -> None:
    """A project in which one place is a link; ``target`` below ``out``."""

    def make(p: Path, out: Path) -> None:
        aim = out / target
        aim.parent.mkdir(parents=True, exist_ok=True)
        path = p / place
        if path.exists() and not aim.exists():  # what is read there would do
            shutil.move(path, aim)
        instead(path).parent.mkdir(parents=True, exist_ok=True)
        if hard:
            os.link(aim, path)
        else:
            path.symlink_to(aim)

    PROJECTS[name] = make


link("arrivals are a link to a person's file", "pool/arrivals.jsonl", "precious.txt")
link("arrivals are a second name of a person's file", "pool/arrivals.jsonl", "precious.txt", hard=True)
link("features are a link", "features", "features")
link("models are a link", "models", "models")
link("the pool is a link", "pool", "pool")
link("the items are a link", "pool/items.npy", "items.npy")
link("ids are a second name", "pool/ids.json", "ids.json", hard=True)
link("pictures of arrivals are a link", "pool/arrivals", "pictures")
link("the database is a link", "project.db", "other.db")
link("the database is a second name", "project.db", "other.db", hard=True)
link("the log is a link", "project.db-wal", "precious.txt")
link("the journal is a link", "project.db-journal", "precious.txt")
link("the index of the log is a link", "project.db-shm", "precious.txt")
link("a link to where nothing is", "features/new.npy", "not-there.npy")


@project("links in a circle")
def _(p: Path, out: Path) -> None:
    (p / "features" / "a").symlink_to("b")
    (p / "features" / "b").symlink_to("a")
    (p / "models").mkdir(exist_ok=True)
    (p / "models" / "all").symlink_to("/")


@project("the folder is a link to a person's own project")
def _(p: Path, out: Path) -> None:
    shutil.move(p, out / "own.spin")
    p.symlink_to(out / "own.spin")


@project("opens: arrivals that name files elsewhere")
def _(p: Path, out: Path) -> None:
    items = [{"id": "arrival-1", "picture": "../../../out/precious.txt"}]
    (p / "pool/arrivals.jsonl").write_text(f"\n{json.dumps({'items': items, 'batch': '0' * 32})}\n")


# -- pipes, sockets, devices, holes -------------------------------------------------------------------------------


def pipe(place: str) -> None:
    PROJECTS[f"a pipe as {place}"] = lambda p, out: (
        (p / place).parent.mkdir(exist_ok=True),
        os.mkfifo(instead(p / place)),
    )


for where in (
    "project.db",
    "project.db-wal",
    "project.db-journal",
    "pool/pool.json",
    "pool/ids.json",
    "pool/items.npy",
    "pool/arrivals.jsonl",
    "pool/encoder.json",
    "features/pipe.npy",
    "models/m/card.json",
):
    pipe(where)


@project("a socket as ids")
def _(p: Path, out: Path) -> None:
    place, here = instead(p / "pool/ids.json"), os.getcwd()
    os.chdir(place.parent)  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(place.name)
    finally:
        os.chdir(here)


@project("items of 1 TB of holes")
def _(p: Path, out: Path) -> None:
    with (p / "pool/items.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (60, 4_000_000_000)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(960_000_000_128)


@project("a database of 1 TB of holes")
def _(p: Path, out: Path) -> None:
    os.truncate(p / "project.db", 2**40)


# -- what the pool says of itself ---------------------------------------------------------------------------------


def root(name: str, place: str) -> None:
    """A pool of files whose folder is elsewhere."""

    def make(p: Path, out: Path) -> None:
        where = place.replace("OUT", str(out))
        (p / "pool/ids.json").write_text(json.dumps(["precious.txt", "etc/passwd"]))
        facts(p, kind="files", modality="image", about={"root": where, "largest": 8})

    PROJECTS[name] = make


root("files from the root of the disk", "/")
root("files from a person's folder", "OUT")
root("files from above", "..")
root("files from the home folder by its sign", "~")
root("files by an address", "file:///etc")


@project("opens: files that lead out of the folder inside")
def _(p: Path, out: Path) -> None:
    """An item that lies elsewhere is broken, and says why."""
    from PIL import Image

    (p / "pool/media").mkdir()
    ids = json.loads((p / "pool/ids.json").read_text())
    for number, id in enumerate(ids[:-1]):
        Image.new("RGB", (8, 8), (number * 4, 0, 0)).save(p / "pool/media" / id, "PNG")
    (p / "pool/ids.json").write_text(json.dumps([*ids[:-1], "../../../out/precious.txt"]))
    facts(p, kind="files", modality="image", about={"root": str(p / "pool/media"), "largest": 8})
    sealed(p, "DELETE FROM meta WHERE key = 'encoder'")


@project("paths of a table that lead outside")
def _(p: Path, out: Path) -> None:
    import polars as pl

    frame = pl.DataFrame({"file": [str(out / "precious.png")] * 60})
    frame.write_parquet(p / "pool/items.parquet")
    facts(p, kind="frame", modality="image", about={"paths": "file", "root": str(p / "pool"), "largest": 8})


@project("a table of a hundred million rows in few bytes")
def _(p: Path, out: Path) -> None:
    import polars as pl

    pl.DataFrame({"text": pl.repeat("the same words", 2_000_000, eager=True)}).write_parquet(
        p / "pool/items.parquet"
    )
    facts(p, kind="frame", modality="text", about={"column": "text"})


@project("items that are no numbers")
def _(p: Path, out: Path) -> None:
    np.save(p / "pool/items.npy", np.zeros(60, [("a", "<f4"), ("b", "U10")]))


@project("brackets 50,000 deep as the pool")
def _(p: Path, out: Path) -> None:
    (p / "pool/pool.json").write_text("[" * 50_000)


@project("brackets 50,000 deep as arrivals")
def _(p: Path, out: Path) -> None:
    (p / "pool/arrivals.jsonl").write_text("[" * 50_000 + f'"batch": "{"0" * 32}"}}\n')


@project("arrivals that are no rows")
def _(p: Path, out: Path) -> None:
    items = [{"id": 5, "vector": [[[1]]]}, {"id": "arrival-2", "text": {}}]
    (p / "pool/arrivals.jsonl").write_text(f"\n{json.dumps({'items': items, 'batch': '0' * 32})}\n")


# -- models and encoders ------------------------------------------------------------------------------------------


def model(p: Path, **changes: Any) -> None:
    """The last model, its card changed, on disk and in the database."""
    with closing(sqlite3.connect(p / "project.db")) as db:
        name, card = db.execute("SELECT id, card FROM models").fetchone()
        changed = json.dumps({**json.loads(card), **changes})
        db.execute("UPDATE models SET card = ?", (changed,))
        db.commit()
    sealed(p)
    path = p / "models" / name / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@project("opens: a model that names a command")
def _(p: Path, out: Path) -> None:
    own = {"name": "os:system", "class": "os:system", "posterior": "antigravity:fly", "shape": [4]}
    model(p, head="os:system", own=own, encoder={"name": "os:system", "settings": {"command": "touch out"}})


@project("opens: a model elsewhere")
def _(p: Path, out: Path) -> None:
    sealed(p, f"UPDATE models SET id = '../../{out.name}/model'")


@project("a network as the encoder, its weights elsewhere")
def _(p: Path, out: Path) -> None:
    network(p, str(out / "precious.txt"))


@project("a network that never ends as the encoder")
def _(p: Path, out: Path) -> None:
    network(p, None)


def network(p: Path, weights: str | None) -> None:
    """An encoder kept as ONNX: with weights in another file, or a loop without an end."""
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    if weights is None:
        body = helper.make_graph(
            [
                helper.make_node("Identity", ["go"], ["go_on"]),
                helper.make_node("Identity", ["x"], ["x_on"]),
            ],
            "body",
            [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("x", 1, None)],
            [value("go_on", TensorProto.BOOL, []), value("x_on", 1, None)],
        )
        node = helper.make_node("Loop", ["", "yes", "in"], ["out"], body=body)
        held = [helper.make_tensor("yes", TensorProto.BOOL, [], [True])]
    else:
        node = helper.make_node("Add", ["in", "w"], ["out"])
        held = [helper.make_tensor("w", 1, [4], np.zeros(4, "f4").tobytes(), raw=True)]
        held[0].ClearField("raw_data")
        held[0].data_location = TensorProto.EXTERNAL
        entry = held[0].external_data.add()
        entry.key, entry.value = "location", weights
    graph = helper.make_graph([node], "g", [value("in", 1, ["n", 4])], [value("out", 1, ["n", 4])], held)
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    from hashlib import sha256

    path = p / "pool/encoder.onnx"
    path.write_bytes(content.SerializeToString())
    (p / "pool/encoder.onnx.sha256").write_text(sha256(path.read_bytes()).hexdigest())
    (p / "pool/encoder.json").write_text(json.dumps({"name": "out of net", "settings": {}, "output": "out"}))
    sealed(p, "UPDATE meta SET value = '\"out of net\"' WHERE key = 'encoder'")
    shutil.rmtree(p / "features")


NAMES = (
    "p.spin?mode=memory&cache=shared",
    "file:out%2Fprecious.db",
    "%2e%2e%2fout.spin",
    "a#b.spin",
    "..\\out.spin",
)
"""Names of honest projects that somebody may take for addresses."""
