#!/usr/bin/env python3
"""Make the seeds in tests/fuzz/corpus/. Each has a name that says what is in it. The same every time.

Run from anywhere: python3 tests/fuzz/make_corpus.py
"""
import json
import pathlib
import shutil
import struct

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
EVENTS = HERE.parent.parent / "proto" / "events.json"


def head(count, small, small_limit, wide):
    """A length or count in its shortest form."""
    if count < small_limit:
        return bytes([small | count])
    for code, letter, limit in wide:
        if count < limit:
            return bytes([code]) + struct.pack(">" + letter, count)
    raise ValueError(count)


def number(n):
    if 0 <= n < 128:
        return bytes([n])
    if -32 <= n < 0:
        return struct.pack("b", n)
    forms = ((0xCC, "B", 0, 2**8), (0xCD, "H", 0, 2**16), (0xCE, "I", 0, 2**32), (0xCF, "Q", 0, 2**64))
    if n < 0:
        forms = ((0xD0, "b", -2**7, 0), (0xD1, "h", -2**15, 0), (0xD2, "i", -2**31, 0), (0xD3, "q", -2**63, 0))
    for code, letter, least, limit in forms:
        if least <= n < limit:
            return bytes([code]) + struct.pack(">" + letter, n)
    raise ValueError(n)


def pairs(items):
    """A map from pairs, so that a key can stand twice."""
    body = b"".join(pack(k) + pack(v) for k, v in items)
    return head(len(items), 0x80, 16, ((0xDE, "H", 2**16), (0xDF, "I", 2**32))) + body


def pack(value):
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return head(len(text), 0xA0, 32, ((0xD9, "B", 2**8), (0xDA, "H", 2**16), (0xDB, "I", 2**32))) + text
    if isinstance(value, bytes):
        wide = ((0xC4, "B", 2**8), (0xC5, "H", 2**16), (0xC6, "I", 2**32))
        return head(len(value), 0, 0, wide) + value
    if isinstance(value, list):
        wide = ((0xDC, "H", 2**16), (0xDD, "I", 2**32))
        return head(len(value), 0x90, 16, wide) + b"".join(pack(v) for v in value)
    return pairs(list(value.items()))


def save(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def nested(depth):
    return b"\x91" * depth + b"\xc0"


def envelope(data, **more):
    attributes = {
        "specversion": "1.0",
        "id": "5f0c0000000000000000000000000001",
        "source": "province-06",
        "type": "intake.plan.filed",
        "subject": "06",
        "time": 1544950000000,
    }
    attributes.update(more)
    attributes["data"] = data
    return attributes


PLAN = {
    "province": "06",
    "title": "Đề án mỗi xã một sản phẩm",
    "year_from": 2018,
    "year_to": 2020,
    "products": 36,
    "budget_vnd": 254000000000,
}


def example(field):
    """A value that keeps the field's rule."""
    kind, least = field["kind"], field["least"]
    if kind == "text":
        return ("Chè Thái Nguyên" * 50)[: max(least, min(field["most"], 15))]
    if kind == "id":
        return ("0123456789" * 7)[: max(least, min(field["most"], 12))]
    if kind == "bytes":
        return b'{"schema": "ocop-rules/1"}'
    if kind == "list":
        return [{f["name"]: example(f) for f in field["fields"]}]
    simple = {"num": least, "day": "2018-12-16", "flag": True, "fact": "ab" * 16}
    return field["words"][0] if kind == "pick" else simple[kind]


def make_mp():
    whole = pack(envelope(PLAN))
    save("mp", "array_that_claims_2_gigabytes", b"\xdd\x04\x00\x00\x00")
    save("mp", "map_that_claims_more", b"\xdf\xff\xff\xff\xff")
    save("mp", "text_that_claims_more", b"\xdb\xff\xff\xff\xffab")
    save("mp", "nothing", b"")
    save("mp", "whole", whole)
    save("mp", "something_behind", whole + b"\xc0")
    save("mp", "cut_off", whole[:-1])
    save("mp", "depth_16", nested(16))
    save("mp", "depth_17", nested(17))
    save("mp", "depth_5000", nested(5000))
    save("mp", "doubled_key", pairs([("a", 1), ("b", 2), ("a", 1)]))
    save("mp", "doubled_key_inside", b"\x91" + pairs([("x", 1), ("x", 1)]))
    save("mp", "key_is_a_number", b"\x81\x01\x01")
    save("mp", "longer_form_number", b"\xcd\x00\x01")
    save("mp", "longer_form_text", b"\xd9\x01a")
    save("mp", "longer_form_array", b"\xdc\x00\x01\xc0")
    save("mp", "utf8_cut", b"\xa2a\xc3")
    save("mp", "utf8_overlong", b"\xa2\xc0\xaf")
    save("mp", "utf8_surrogate", b"\xa3\xed\xa0\x80")
    save("mp", "utf8_beyond_unicode", b"\xa4\xf4\x90\x80\x80")
    save("mp", "float_nan", b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00")
    save("mp", "ext", b"\xd4\x01\x00")
    save("mp", "never_used_byte", b"\xc1")
    save("mp", "numbers", pack([0, 127, 128, 255, 65535, 2**32, 2**64 - 1, -1, -32, -33, -2**63, 1.5, None, True]))


def make_envelope():
    whole = pack(envelope(PLAN))
    outcome = envelope({}, type="intake.plan.registered", source="intake", cause="5f0c", causeseq=7, ordinal=0, count=1)
    save("envelope", "request", whole)
    save("envelope", "outcome", pack(outcome))
    save("envelope", "unknown_attribute", pack(envelope(PLAN, traceparent="00-1-2-3")))
    for cut in (1, 2, 14, 40, len(whole) // 2, len(whole) - 1):
        save("envelope", f"cut_at_{cut:03}", whole[:cut])
    save("envelope", "doubled_attribute", pairs(list(envelope(PLAN).items()) + [("id", "other")]))
    save("envelope", "doubled_field", pairs([(k, v) for k, v in envelope(0).items() if k != "data"])
         .replace(b"\x86", b"\x87", 1) + pack("data") + pairs([("province", "06"), ("province", "07")]))
    save("envelope", "no_data", pairs([(k, v) for k, v in envelope(0).items() if k != "data"]))
    save("envelope", "data_is_a_list", pack(envelope([1, 2])))
    save("envelope", "data_claims_2_gigabytes", pack(envelope(0))[:-1] + b"\xdd\x04\x00\x00\x00")
    save("envelope", "wrong_utf8", whole.replace("Đ".encode(), b"\xc4\x20"))
    save("envelope", "id_of_65", pack(envelope(PLAN, id="a" * 65)))
    save("envelope", "id_with_blank", pack(envelope(PLAN, id="a b")))
    save("envelope", "type_of_two_parts", pack(envelope(PLAN, type="intake.plan")))
    save("envelope", "time_is_text", pack(envelope(PLAN, time="2018-12-16")))
    save("envelope", "version_2", pack(envelope(PLAN, specversion="2.0")))
    save("envelope", "cause_without_place", pack(envelope({}, cause="5f0c")))
    save("envelope", "ordinal_beyond_count", pack(dict(outcome, ordinal=1)))
    save("envelope", "not_a_map", pack([1, 2, 3]))


def make_codec():
    kinds = {k["type"]: k for k in json.loads(EVENTS.read_text(encoding="utf-8"))}

    def seed(name, kind, data):
        save("codec", name, kind.encode() + b"\n" + data)

    for kind in ("intake.plan.filed", "intake.dossier.filed", "intake.dossier.returned", "scoring.rules.proposed",
                 "scoring.council.formed", "scoring.sheet.submitted", "scoring.product.rated",
                 "certification.decision.signed", "notification.message.queued", "clock.day.started"):
        everything = {f["name"]: example(f) for f in kinds[kind]["fields"]}
        seed("full_" + kind, kind, pack(everything))
        seed("required_" + kind, kind,
             pack({f["name"]: everything[f["name"]] for f in kinds[kind]["fields"] if f["required"]}))
    plan = "intake.plan.filed"
    seed("nothing", plan, pack({}))
    seed("no_map", plan, pack(7))
    seed("unknown_field", plan, pack(dict(PLAN, unheard_of=[1, {"a": None}])))
    seed("doubled_field", plan, pairs(list(PLAN.items()) + [("province", "06")]))
    seed("control_character", plan, pack(dict(PLAN, title="a\nb")))
    seed("wrong_utf8", plan, pack(PLAN).replace("Đ".encode(), b"\xc4\x20"))
    seed("title_of_301", plan, pack(dict(PLAN, title="ế" * 301)))
    seed("year_is_text", plan, pack(dict(PLAN, year_from="2018")))
    seed("year_is_float", plan, pack(dict(PLAN, year_from=2018.0)))
    seed("largest_number", plan, pack(dict(PLAN, products=2**64 - 1)))
    seed("smallest_number", plan, pack(dict(PLAN, products=-2**63)))
    seed("no_such_day", "clock.day.started", pack({"day": "2025-02-29"}))
    seed("element_is_no_map", "intake.dossier.filed", pack({"reference": "1", "province": "06", "items": ["a"]}))
    seed("unknown_type", "intake.plan.lost", pack(PLAN))


def make_frame():
    whole, chain = pack(envelope(PLAN)), bytes(range(32))
    topic = "intake.plan.filed.06"
    frames = {
        "HELLO": [1, "province-06", 4711],
        "WELCOME": [12, chain, 400],
        "PUBLISH": [13, [[topic, whole], [topic, whole]]],
        "STORED": [14, 402],
        "REFUSED": [13, "MALFORMED", "the envelope is cut off"],
        "FOLLOW": [400, chain, ["intake.", "clock."], 4096],
        "EVENTS": [401, chain, [[401, 1544950000000, chain, "province-06", 4711, 13, topic, whole]]],
        "CREDIT": [100],
        "PING": [1],
        "PONG": [1, 402],
        "CLOCK": ["2018-12-16"],
        "CLOCKED": ["2018-12-16", 403],
        "ASK": [9, "certificate", {"certificate": "OCOP-06-2018-0001"}],
        "ANSWER": [9, {"star": 4}],
        "FAULT": [9, "NOT_FOUND", "no such certificate"],
    }
    for command, members in frames.items():
        save("frame", command, pack([command] + members))
        save("frame", command + "_one_too_few", pack([command] + members[:-1]))
    save("frame", "FOLLOW_from_the_beginning", pack(["FOLLOW", 0, None, [], 1]))
    save("frame", "FOLLOW_chain_of_31", pack(["FOLLOW", 400, chain[:31], [], 1]))
    save("frame", "PUBLISH_nothing", pack(["PUBLISH", 1, []]))
    save("frame", "PUBLISH_claims_2_gigabytes", pack(["PUBLISH", 1]).replace(b"\x92", b"\x93") + b"\xdd\x04\x00\x00\x00")
    save("frame", "PUBLISH_envelope_is_text", pack(["PUBLISH", 1, [[topic, "no bytes"]]]))
    save("frame", "PUBLISH_element_is_no_pair", pack(["PUBLISH", 1, [[topic]]]))
    save("frame", "unknown_command", pack(["DANCE", 1]))
    save("frame", "no_command", pack([]))
    save("frame", "command_is_a_number", pack([1, 2]))
    save("frame", "array_that_claims_2_gigabytes", b"\xdd\x04\x00\x00\x00")
    save("frame", "nothing", b"")


if __name__ == "__main__":
    shutil.rmtree(CORPUS, ignore_errors=True)
    make_mp()
    make_envelope()
    make_codec()
    make_frame()
    print(sum(1 for f in CORPUS.rglob("*") if f.is_file()), "seeds in", CORPUS)
