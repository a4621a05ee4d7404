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


def make_table():
    plan = "province;title;products\n06;Kế hoạch;36\n"
    save("table", "semicolons", plan.encode())
    save("table", "commas", plan.replace(";", ",").encode())
    save("table", "tabs_and_returns", plan.replace(";", "\t").replace("\n", "\r\n").encode())
    save("table", "sep_line", b"sep=|\na|b\n1|2\n")
    save("table", "sep_line_in_quotes", b'"sep=;"\na;b\n1;2\n')
    save("table", "sep_line_alone", b"sep=;\n")
    save("table", "utf8_mark", b"\xef\xbb\xbf" + plan.encode())
    save("table", "utf8_mark_alone", b"\xef\xbb\xbf")
    save("table", "utf16_little", b"\xff\xfe" + plan.encode("utf-16-le"))
    save("table", "utf16_big", b"\xfe\xff" + plan.encode("utf-16-be"))
    save("table", "utf16_half_a_letter", b"\xff\xfea\x00b")
    save("table", "utf16_lone_surrogate", b"\xff\xfe\x00\xd8a\x00")
    save("table", "utf16_nothing_behind_mark", b"\xff\xfe")
    save("table", "cp1258", b"t\xean;x\xe3\nCh\xe8 Th\xe1i;Ph\xfa \xd0\xf4\xd2\n")
    save("table", "zero_byte", b"a;b\n1;\x002\n")
    save("table", "quotes", 'a;"b ""c"" ; d"\n"1\n2";3\n'.encode())
    save("table", "quote_never_closed", b'a;b\n1;"2\n3;4\n')
    save("table", "text_behind_quote", b'a;b\n"1"2;3\n')
    save("table", "quote_inside_plain", b'a;b\n1"2;3\n')
    save("table", "return_inside", b"a;b\n1\r2;3\r\n")
    save("table", "no_line_end", b"a;b\n1;2")
    save("table", "cells_256", b"a" + b";a" * 255 + b"\n")
    save("table", "cells_257", b"a" + b";a" * 256 + b"\n")
    save("table", "nothing", b"")
    save("table", "empty_lines", b"\n\na;b\n\n1;2\n\n")


def make_rows():
    def seed(name, kind, text):
        save("rows", name, kind.encode() + b"\n" + (text if isinstance(text, bytes) else text.encode()))

    head = "province;title;year_from;year_to;products;budget_vnd"
    row = "06;Đề án;2018;2020;89;93000000000"
    seed("plan", "plan.filed", f"{head};note\n{row};for people\n")
    seed("plan_blanks_and_words", "plan.filed", f"{head}\n 06 ; Đề án ; 2018 ;2020; 89 ;mười\n")
    seed("plan_twice", "plan.filed", f"{head}\n{row}\n{row}\n")
    seed("plan_cells_missing", "plan.filed", f"{head}\n06;Đề án\n")
    seed("plan_column_missing", "plan.filed", "province;title\n06;Đề án\n")
    seed("plan_column_mistyped", "plan.filed", f"{head.replace('title', 'titel')}\n{row}\n")
    seed("plan_column_twice", "plan.filed", f"{head};title\n{row};x\n")
    seed("no_row", "plan.filed", f"{head}\n")
    seed("only_blanks", "plan.filed", " \n\t\n")
    seed("unknown_type", "plan.lost", f"{head}\n{row}\n")
    kinds = {k["type"]: k for k in json.loads(EVENTS.read_text(encoding="utf-8"))}
    for kind in ("intake.dossier.filed", "scoring.council.formed", "scoring.sheet.submitted",
                 "certification.decision.signed"):
        everything = {f["name"]: example(f) for f in kinds[kind]["fields"]}
        seed("json_" + kind, kind, json.dumps(everything, ensure_ascii=False) + "\n")
        columns, cells = [], []
        for name, value in everything.items():
            parts = [(f"{name}.{k}", v) for k, v in value[0].items()] if isinstance(value, list) else [(name, value)]
            columns += [p[0] for p in parts]
            cells += [{True: "có", False: "không"}.get(p[1], p[1]) if isinstance(p[1], bool) else p[1] for p in parts]
        seed("csv_" + kind, kind, ",".join(columns) + "\n" + ",".join(map(str, cells)) + "\n")
    seed("list_over_rows", "council.formed",
         "council,level,province,year,round,members.member,members.seat,evaluates_from,formed_on\n"
         "c1,province,06,2018,1,m1,chair,2018-11-01,2018-11-01\n,,,,,m2,vice_chair,,\n,,,,,m3,member,,\n")
    seed("list_begins_in_the_air", "council.formed", "council,members.member,members.seat\n,m2,member\n")
    seed("references", "sheet.submitted", json.dumps(
        {"dossier": "@06-2018-001", "council": "c1", "member": "m1", "sheet": "s1", "total_hundredths": 7100}) + "\n")
    seed("references_in_list", "decision.signed", json.dumps(
        {"number": "1/QĐ", "signed_on": "2018-12-16", "authority": "province",
         "items": [{"rated": "@06-27-VI-0001", "product": "@06-2018-001"}, {"rated": "@", "product": "@@"}]}) + "\n")
    seed("json_with_type", "", json.dumps({"type": "plan.filed", "province": "06", "data": PLAN}, ensure_ascii=False))
    seed("json_type_without_data", "", json.dumps({"type": "plan.filed", "title": "x"}))
    seed("json_doubled_member", "plan.filed", '{"title": "a", "title": "b"}\n')
    seed("json_cut_off", "plan.filed", '{"title": "a"\n')
    seed("json_list", "plan.filed", '{"title": ["a"], "products": {"a": 1}, "year_from": 1e400, "year_to": 1.5}\n')
    seed("json_wrong_surrogate", "plan.filed", '{"title": "\\ud800"}\n')
    seed("json_told_inside_a_letter", "plan.filed", '{"title": "1/Q\\uÖÎ10"}\n')
    seed("json_control_character", "plan.filed", '{"title": "\\u0007\\u0000"}\n')
    seed("json_large_number", "plan.filed", '{"products": 9223372036854775808, "year_from": -9223372036854775808}\n')
    seed("json_deep", "plan.filed", '{"title": ' + "[" * 3000 + "\n")
    seed("published_list", "",
         "product_name,producer,producer_type,sector,commune,district,province,province_code,stars,score,decision,"
         "recognised_on,source\nChè,HTX Chè,hợp tác xã,Đồ uống,Tân Cương,,Thái Nguyên,19,4,\"71,50\",1/QĐ,16/12/2018,s\n"
         "Gạo,Ông A,cá nhân,I,,,Bắc Kạn,06,3,71.5,,2018,s\n")
    seed("published_totals", "", "as_of,total\n2018-12-31,37\n")
    seed("cp1258", "plan.filed", f"{head}\n06;K\n".encode() + b"06;\xd0\xea \xe1n;2018;2020;89;1\n")


def rules_file(name):
    path = HERE.parent.parent / "services/scoring/rules" / name
    whole = json.loads(path.read_text(encoding="utf-8"))
    drop = ("title_vi", "title_en", "legal_basis", "notes", "note", "source", "checks", "completeness", "name_vi")

    def lean(value):
        if isinstance(value, dict):
            return {k: lean(v) for k, v in value.items() if k not in drop and not k.endswith("_note")}
        return [lean(v) for v in value] if isinstance(value, list) else value
    return lean(whole)


BANDS = {"max_points": 100, "star_bands": [
    {"star": s, "min": a, "max": b, "max_inclusive": s == 5, "mark": "certain"}
    for s, a, b in ((5, 90, 100), (4, 70, 90), (3, 50, 70), (2, 30, 50), (1, 0, 30))]}


def small_rubric():
    def part(code, key, most, options, **more):
        criterion = dict({"code": key, "max": most, "options": options}, **more)
        return {"code": code, "max": most, "sections": [{"max": most, "criteria": [criterion]}]}
    return dict(BANDS, **{
        "schema": "ocop-rubric/1", "id": "small-1", "product": {"sector_code": "I", "sample_required": True},
        "star_requirements": {"kind": "min_star_marks"}, "disqualifiers": [{"code": "FORGED"}],
        "parts": [
            part("A", "1.1", 40, [{"n": 1, "points": 10, "min_star": None}, {"n": 2, "points": 30, "min_star": 3},
                                  {"n": 3, "points": 40, "min_star": 5}]),
            part("B", "2", 25, [{"n": 1, "points": 5}, {"n": 2, "points": 21}, {"n": 3, "points": 25}]),
            part("C", "3", 35, [{"n": 1, "points": 15, "case": "a"}, {"n": 2, "points": 35, "case": "a"},
                                {"n": 3, "points": 20, "case": "b"}, {"n": 4, "points": 35, "case": "b"}],
                 cases={"a": {}, "b": {}}, gates=[{"effect": "stop", "code": "STOPS"}, {"effect": "note", "code": "NOTED"}]),
        ]})


def make_rules():
    def seed(name, value):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        save("rules", name, text.encode())

    def without(value, *names):
        return {k: v for k, v in value.items() if k not in names}

    rubric = small_rubric()
    seed("rubric", rubric)
    seed("rubric_without_parts", without(rubric, "parts"))
    seed("rubric_gap_between_stars", json.dumps(rubric).replace('"min": 70', '"min": 71'))
    seed("rubric_points_add_up_wrong", json.dumps(rubric).replace('"points": 40', '"points": 39'))
    seed("rubric_doubled_criterion", json.dumps(rubric).replace('"code": "2"', '"code": "1.1"'))
    seed("rubric_minima_list", dict(rubric, star_requirements={"kind": "external_minimum_list"}))
    for name in ("provisional-2018", "qd-1048-2019", "qd-148-2023", "qd-26-2026"):
        seed("set_" + name, rules_file(name + ".json"))
    whole = rules_file("qd-26-2026.json")
    seed("set_upside_down", dict(whole, effective_from="2026-05-22", effective_to="2026-05-21"))
    seed("set_no_such_day", dict(whole, effective_from="2026-02-30"))
    seed("set_level_nowhere", dict(whole, levels=[{"level": "province", "forward_to": "centre", "mark": "certain"}]))
    seed("set_without_terms", without(whole, "commune", "rounds", "notices", "re_rating", "withdrawal", "transition"))
    calendar = rules_file("holidays.json")
    calendar["days_off"] = calendar["days_off"][:3]
    seed("calendar", calendar)
    seed("calendar_out_of_order", dict(calendar, days_off=calendar["days_off"][::-1]))
    areas = rules_file("areas-2025.json")
    seed("areas", areas)
    seed("areas_too_few", dict(areas, pairs=areas["pairs"][:3]))
    seed("doubled_member", '{"schema":"ocop-rules/1","schema":"ocop-rules/1"}')
    seed("unknown_schema", {"schema": "ocop-law/1"})
    seed("list", "[]")
    seed("nothing", "")
    seed("deep", "[" * 3000)
    seed("fraction", json.dumps(rubric).replace('"max_points": 100', '"max_points": 100.0'))
    seed("large_number", json.dumps(rubric).replace('"points": 40', '"points": 9223372036854775807'))


def make_config():
    whole = ('# settings\nbus\n    endpoint = "ipc:///tmp/broker.sock"\nlog\n    file = log.db\n    drain\n'
             '        events = 100\n        bytes = -5\nchecked = false\n')
    save("config", "whole", whole.encode())
    save("config", "assignments", b"log/drain/events=1\nlog/drain/events=0\nchecked=true\nchecked=1\n=\nlog=\nx=1\n")
    save("config", "key_twice", (whole + "checked = true\n").encode())
    save("config", "unknown_key", b"bus\n    endpont = x\n")
    save("config", "section_with_value", b"bus = 1\n    endpoint = x\n")
    save("config", "key_with_children", b"checked = true\n    more = 1\n")
    save("config", "odd_indent", b"bus\n   endpoint = x\n")
    save("config", "indented_twice", b"bus\n        endpoint = x\n")
    save("config", "tabs", b"bus\n\tendpoint = x\n")
    save("config", "quote_never_closed", b'bus\n    endpoint = "x\n')
    save("config", "single_quotes", b"bus\n    endpoint = 'a\"b'\n")
    save("config", "number_too_large", b"log\n    drain\n        bytes = 9223372036854775808\n")
    save("config", "text_of_256", b"log\n    file = " + b"a" * 256 + b"\n")
    save("config", "name_of_200", b"a" * 200 + b" = 1\n")
    save("config", "zero_byte", b"checked = tr\x00ue\n")
    save("config", "no_line_end", b"checked = true")
    save("config", "returns", whole.replace("\n", "\r\n").encode())
    save("config", "deep", b"".join(b"    " * i + b"log\n" for i in range(40)))
    save("config", "nothing", b"")


if __name__ == "__main__":
    shutil.rmtree(CORPUS, ignore_errors=True)
    make_mp()
    make_envelope()
    make_codec()
    make_frame()
    make_table()
    make_rows()
    make_rules()
    make_config()
    print(sum(1 for f in CORPUS.rglob("*") if f.is_file()), "seeds in", CORPUS)
