"""What somebody with the log's whole file could forge: every hash computed anew, so that only the law can tell."""
import hashlib
import sqlite3
import struct


def u64(value):
    return struct.pack(">Q", value & (2**64 - 1))


def part(data):
    data = data.encode() if isinstance(data, str) else data
    return u64(len(data)) + data


def seal(rows):
    """The exclusive or of a hash of each row, as services/broker/log_seal.h says."""
    total = bytes(32)
    for row in rows:
        one = hashlib.blake2b(b"".join(part(p) for p in row), digest_size=32).digest()
        total = bytes(a ^ b for a, b in zip(total, one))
    return total


def mend_chain(path):
    """What a forger with the whole file could do: every link, every publisher's hash and the seal computed anew."""
    with sqlite3.connect(path) as db:
        (folded,) = db.execute("SELECT seq FROM folded").fetchone()
        chain, running = bytes(32), {}
        for seq, at, publisher, epoch, number, topic, envelope in db.execute(
                "SELECT seq, at_ms, publisher, epoch, number, topic, envelope FROM log ORDER BY seq").fetchall():
            chain = hashlib.blake2b(chain + u64(seq) + u64(at) + u64(epoch) + u64(number) + part(publisher) + part(topic) +
                                    part(envelope), digest_size=32).digest()
            db.execute("UPDATE log SET chain = ? WHERE seq = ?", (chain, seq))
            if seq > folded:
                continue
            before = running.get((publisher, epoch), bytes(32))
            running[publisher, epoch] = hashlib.blake2b(before + u64(number) + part(topic) + part(envelope),
                                                        digest_size=32).digest()
        for (publisher, epoch), value in running.items():
            db.execute("UPDATE publisher SET hash = ? WHERE publisher = ? AND epoch = ?", (value, publisher, epoch))
        rows = db.execute("SELECT publisher, epoch, last_number, last_seq, hash FROM publisher").fetchall()
        db.execute("UPDATE seal SET publishers = ?", (seal(("publisher", p, u64(e), u64(n), u64(s), h) for p, e, n, s, h in rows),))
