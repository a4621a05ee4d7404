/* council_room.h - a council of four in the room of room.h, for tests of councils over time. */
#ifndef TESTS_SCORING_COUNCIL_ROOM_H
#define TESTS_SCORING_COUNCIL_ROOM_H

#include "tests/scoring/room.h"

static inline void adopt_file(struct room *r, const char *name, const char *file)
{
    const struct slice bytes = read_rules(file);

    adopt(r, name, bytes);
    free((void *)(uintptr_t)bytes.data);
}

/* A council of an (chair), binh (vice-chair), chi and dung in round `round`. */
static inline void form_four(struct room *r, const char *council, enum level level, const char *rule_set,
                             const char *round, bool with_vice_chair)
{
    const char *province = level == level_CENTRE ? "00" : "06";
    const struct council_member members[] = { { { "an", 2 }, seat_CHAIR },
                                              { { "binh", 4 },
                                                with_vice_chair ? seat_VICE_CHAIR : seat_MEMBER },
                                              { { "chi", 3 }, seat_SECRETARY },
                                              { { "dung", 4 }, seat_MEMBER } };
    const struct council_formed e = { .council = text(council),
                                      .level = level,
                                      .province = text(province),
                                      .round = text(round),
                                      .rule_set = text(rule_set),
                                      .members = members,
                                      .members_count = 4 };

    say(r, &council_formed_kind, province, &e);
}

static inline void formed(struct room *r)
{
    struct council_admitted admitted;

    heard(r, 0, &council_admitted_kind, &admitted);
}

static inline struct sheet_submitted sheet_for(const char *council, const char *member)
{
    return (
        struct sheet_submitted){ .council = text(council), .member = text(member), .dossier = { "d1", 2 } };
}

static inline void submit_parts(struct room *r, const char *council, const char *member, int64_t a, int64_t b,
                                int64_t c)
{
    struct sheet_submitted e = sheet_for(council, member);

    e.has_a_hundredths = e.has_b_hundredths = e.has_c_hundredths = true;
    e.a_hundredths = a;
    e.b_hundredths = b;
    e.c_hundredths = c;
    say(r, &sheet_submitted_kind, "06", &e);
}

static inline void all_submit_parts(struct room *r, const char *council, int64_t a, int64_t b, int64_t c)
{
    static const char *const members[] = { "an", "binh", "chi", "dung" };

    for (size_t i = 0; i < 4; i++) {
        submit_parts(r, council, members[i], a, b, c);
        counted(r);
    }
}

static inline void all_submit_options(struct room *r, const char *council, const char *province, int64_t a,
                                      int64_t b, int64_t c)
{
    static const char *const members[] = { "an", "binh", "chi", "dung" };

    for (size_t i = 0; i < 4; i++) {
        submit_options(r, council, province, members[i], a, b, c, false);
        counted(r);
    }
}

static inline void declare(struct room *r, const char *council, const char *province, const char *member,
                           const char *dossier)
{
    const struct conflict_declared e = { .council = text(council),
                                         .member = text(member),
                                         .dossier = text(dossier) };

    say(r, &conflict_declared_kind, province, &e);
}

static inline struct product_rated rated_at(struct room *r, size_t at)
{
    struct product_rated rated;

    heard(r, at, &product_rated_kind, &rated);
    return rated;
}

static inline void open_total(struct room *r, bool with_vice_chair)
{
    adopt_provisional(r);
    accept_dossier(r, "d1", "P1", "provisional-2018", NULL);
    form_four(r, "c-06", level_PROVINCE, "provisional-2018", "2018-2", with_vice_chair);
    formed(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
