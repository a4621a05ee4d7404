#!/usr/bin/python3
"""What must not be said when it is not so: corrections, names, registers read in part, output that was lost."""
import subprocess
import threading

import house as h
import msgpack  # behind house, which finds the right interpreter
import zmq


def write(house, name, *lines):
    path = house.dir / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def sheet(house, number, total):
    return write(house, f"sheet.submitted-{number}.csv", "province,council,member,dossier,total_hundredths",
                 f"06,BK-2018-2,tv1,@BK18-01,{total}")


def total_of(house):
    house.settle()
    product = house.ask("scoring", "fact", type="scoring.product.rated", key="BK18-01") or \
        house.ask("intake", "fact", type="intake.dossier.accepted", key="BK18-01")
    sheets = house.ask("scoring", "product", product=product["product"])["sheets"]
    mine = [s for s in sheets if s["member"] == "tv1"]
    return max(mine, key=lambda s: s["version"])["total_hundredths"], len(mine)


def there_and_back_again(house):
    case = h.CASE / "bac-kan-2018"
    house.ocop("rules", "propose", h.SOURCE / "services/scoring/rules/provisional-2018.json", publisher="centre")
    house.ocop("push", case / "dossier.filed.csv", publisher="province-06", expect=(1,))
    house.ocop("push", case / "council.formed.csv", publisher="council-06")
    first, second = sheet(house, 1, 7950), sheet(house, 2, 7450)
    house.ocop("push", first, publisher="council-06")
    house.ocop("push", second, publisher="council-06")
    assert total_of(house)[0] == 7450
    refused = house.ocop("push", first, publisher="council-06", expect=(2,))
    assert "sheet.submitted-2.csv:2" in refused.stderr + refused.stdout, refused
    assert total_of(house)[0] == 7450
    house.ocop("push", "--again", first, publisher="council-06")
    assert total_of(house)[0] == 7950
    head = house.head()
    house.ocop("push", "--again", first, publisher="council-06")  # twice does no harm
    house.ocop("push", first, publisher="council-06")             # and it stands now
    assert house.head() == head
    # Two rows of one file about the same: the file may be pushed again as a whole.
    both = write(house, "sheet.submitted-both.csv", "province,council,member,dossier,total_hundredths",
                 "06,BK-2018-2,tv2,@BK18-01,7000", "06,BK-2018-2,tv2,@BK18-01,7100")
    house.ocop("push", both, publisher="council-06")
    head = house.head()
    house.ocop("push", both, publisher="council-06")
    assert house.head() == head


def a_service_speaks_for_itself(house):
    path = write(house, "certificate.issued-forged.csv", "certificate", "OCOP-06-2018-9999")
    refused = house.ocop("push", path, publisher="certification", expect=(2,))
    assert "service" in refused.stderr, refused.stderr
    socket = house.context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(f"ipc://{house.dir}/broker.sock")
    socket.send(msgpack.packb(["HELLO", 1, "certification", 7]))
    assert socket.poll(10000)
    answer = msgpack.unpackb(socket.recv())
    socket.close()
    assert answer[0] == "REFUSED" and answer[2] == "NOT_PERMITTED", answer


def a_register_read_in_part_does_not_answer(house):
    house.stop("certification", "broker")
    for ending in ("", "-wal", "-shm"):
        (house.dir / f"certification.db{ending}").unlink(missing_ok=True)
    house.start("certification")
    house.wait(lambda: house.ask("certification", "status"), "certification")
    told = house.ocop("summary", "--on", "2018-12-31", expect=(3,))
    assert "0 certificates" not in told.stdout and "broker" in told.stderr, told
    told = house.ocop("show", "certificate", "OCOP-06-2018-0005", expect=(3,))
    assert "there is no" not in told.stdout + told.stderr, told
    assert "--on" in house.ocop("summary", expect=(3,)).stderr
    house.start("broker")
    house.settle()
    house.ocop("summary", "--on", "2018-12-31")


def a_wrong_province_is_found_before_anything_is_sent(house):
    head = house.head()
    header = "province,title,year_from,year_to,products,budget_vnd"
    path = write(house, "plan.filed-ab.csv", header, "06,Kế hoạch A,2030,2031,1,1", "AB,Kế hoạch B,2030,2031,1,1")
    told = house.ocop("push", path, publisher="province-06", expect=(2,))
    assert "plan.filed-ab.csv:3: province" in told.stderr, told.stderr
    assert house.head() == head
    path = write(house, "plan.filed-00.csv", header, "00,Kế hoạch C,2030,2031,1,1")
    told = house.ocop("push", path, publisher="province-06", expect=(1,))
    assert "WRONG_PROVINCE" in told.stdout, told.stdout


def lost_output_is_no_success(house):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([house.bin / "ocop", "push", "--template", "plan.filed"], stdout=full,
                              stderr=subprocess.PIPE, env=house.env, timeout=30)
    assert done.returncode == 4, done


def a_mistyped_name_makes_no_spool(house):
    told = house.ocop("results", publisher="nobody", expect=(2,))
    assert "nobody" in told.stderr and not (house.dir / "spool-nobody.db").exists(), told


def a_withdrawn_dossier_is_not_waited_for(house):
    path = write(house, "dossier.withdrawn-1.csv", "province,dossier,reason", "06,@BK18-02,Chủ thể rút hồ sơ")
    house.ocop("push", path, publisher="province-06")
    house.settle()
    path = write(house, "decision.signed-1.csv", "number,signed_on,authority,province,items.product,items.rated,items.star",
                 "1/QĐ-UBND,2018-11-01,province,06,@BK18-02,@BK18-02,3")
    told = house.ocop("push", path, publisher="authority-06", expect=(2,), timeout=30)  # and not only after --wait
    assert "withdrawn" in told.stderr, told.stderr


def a_dossier_that_was_withdrawn_is_not_in_the_spool_for_good(house):
    told = house.ocop("push", h.CASE / "bac-kan-2018/dossier.filed.csv", publisher="province-06", expect=(1,))
    line = next(line for line in told.stderr.splitlines() if "withdrawn since" in line)
    assert "its verdict then: accepted" in line and "dossier.withdrawn-1.csv:2" in line, line
    assert "new reference" in line, line


def a_closing_says_what_it_held_and_is_not_repeated_in_silence(house):
    path = write(house, "round.closed-1.csv", "province,council,closed_on", "06,BK-2018-2,2018-11-01")
    told = house.ocop("push", path, publisher="council-06")
    assert "round.closed-1.csv:2  accepted" in told.stdout and "    held: BK18-01 (" in told.stdout, told.stdout
    assert ": QUORUM: " in told.stdout or ": CHAIR: " in told.stdout, told.stdout
    head = house.settle()
    told = house.ocop("push", path, publisher="council-06", expect=(2,))
    assert "--again" in told.stderr and "remark" in told.stderr and house.settle() == head, told.stderr
    house.ocop("push", "--again", path, publisher="council-06")
    assert house.settle() > head


def an_answer_is_of_this_moment(house):
    for day in range(2, 12):
        house.ocop("clock", f"2018-11-{day:02}", publisher="centre")
        told = house.ocop("summary")
        assert f"valid on 2018-11-{day:02}" in told.stdout and "behind" not in told.stderr, told
    house.stop("notification")
    house.ocop("clock", "2018-11-12", publisher="centre")
    house.start("notification")
    house.wait(lambda: house.ask("notification", "status"), "notification")
    assert "behind" not in house.ocop("show", "deadlines").stderr


def a_place_beyond_the_end_is_named(house):
    told = house.ocop("show", "certificate", "OCOP-06-2018-0001", "--as-of", house.settle() + 1000, expect=(1,))
    assert "the log ends at" in told.stderr, told.stderr
    told = house.ocop("show", "certificate", "OCOP-06-2018-0001", "--as-of", house.settle(), expect=(1,))
    assert "the log ends at" not in told.stderr, told.stderr


def stored_without_a_place_among_the_followers(house):
    """The broker took the rows and had no place for a FOLLOW: that is no failure of the push, and is not said to be."""
    row = "06,Kế hoạch,{0},{0},1,1"
    header = "province,title,year_from,year_to,products,budget_vnd"
    head = house.head()
    told = house.ocop("--wait", "3", "push", write(house, "plan.filed-40.csv", header, row.format(2040)),
                      publisher="province-06", expect=(3,))
    assert "takes nothing" not in told.stderr and "no place for one more follower" in told.stderr, told.stderr
    assert "1 row is in the log" in told.stderr and "ocop --as province-06 results" in told.stderr, told.stderr
    assert house.settle() > head
    told = house.ocop("--wait", "3", "results", publisher="province-06", expect=(3,))
    assert "no place" in told.stderr and "stored, no verdict yet" in told.stdout, told
    # A place comes free while it waits: it hears the verdict then.
    said = []
    waiting = threading.Thread(target=lambda: said.append(house.ocop(
        "push", write(house, "plan.filed-41.csv", header, row.format(2041)), publisher="province-06")))
    head = house.head()
    waiting.start()
    house.wait(lambda: house.head() > head, "the row")
    house.stop("courier")
    house.ocop("clock", "2018-11-02", publisher="centre")  # something to tell the one that has gone
    waiting.join()
    assert said and "1 accepted" in said[0].stdout, said
    assert "2 accepted" in house.ocop("results", publisher="province-06").stdout


def a_service_that_is_not_heard_is_not_up(house):
    """It answers, and has applied everything it was sent: but nothing will be sent to it."""
    taker = house.context.socket(zmq.DEALER)
    taker.setsockopt(zmq.LINGER, 0)
    taker.connect(f"ipc://{house.dir}/broker.sock")
    taker.send(msgpack.packb(["FOLLOW", 0, None, [], 10]))
    assert taker.poll(10000)
    house.start("courier")
    house.wait(lambda: (house.ask("courier", "status") or {}).get("following") is False
               and "event=refused code=BUSY" in (house.dir / "courier.log").read_text(), "the courier's refusal")
    house.stop("notification")
    told = house.ocop("status", expect=(3,)).stdout
    row = next(line for line in told.splitlines() if line.startswith("courier"))
    assert "not following" in row, told
    assert "courier: it answers" in told and "follow/followers" in told, told
    assert any(line.split()[:2] == ["notification", "down"] for line in told.splitlines()), told
    assert "journalctl -u ocop-notification" in told, told
    taker.close()
    house.ocop("clock", "2018-11-03", publisher="centre")  # something to tell those that have gone
    house.start("notification")
    house.settle()
    house.wait(lambda: house.ocop("status", expect=(0, 3)).returncode == 0, "everybody up")


def full_house(tests):
    with h.House() as house:
        house.options["broker"] += ["--set", f"follow/followers={len(h.SERVICES)}"]
        house.start()
        house.settle()
        tests.run("rows that are stored are said to be stored, whoever may listen",
                  stored_without_a_place_among_the_followers, house)
        tests.run("a service that is not heard is not up", a_service_that_is_not_heard_is_not_up, house)


def main():
    tests = h.Tests()
    with h.House() as house:
        house.start()
        house.settle()
        for name, test in (("a correction back to an earlier value is refused loudly, or said", there_and_back_again),
                           ("a withdrawn dossier is not waited for", a_withdrawn_dossier_is_not_waited_for),
                           ("a dossier that was withdrawn is not in the spool for good",
                            a_dossier_that_was_withdrawn_is_not_in_the_spool_for_good),
                           ("a closing says what it held, and is not repeated in silence",
                            a_closing_says_what_it_held_and_is_not_repeated_in_silence),
                           ("a service speaks for itself", a_service_speaks_for_itself),
                           ("a register read in part does not answer", a_register_read_in_part_does_not_answer),
                           ("a wrong province is found before anything is sent",
                            a_wrong_province_is_found_before_anything_is_sent),
                           ("lost output is no success", lost_output_is_no_success),
                           ("an answer is of this moment", an_answer_is_of_this_moment),
                           ("a place beyond the end is named", a_place_beyond_the_end_is_named),
                           ("a mistyped name makes no spool", a_mistyped_name_makes_no_spool)):
            tests.run(name, test, house)
    full_house(tests)
    tests.end()


if __name__ == "__main__":
    main()
