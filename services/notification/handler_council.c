/* handler_council.c - where councils sit, and what a closing left without result. */
#include "services/notification/handler_inside.h"

#include <stdio.h>

enum { REASON_BYTES = 640 }; /* of a message's reason, at most */

enum err apply_council_admitted(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct council_admitted admitted;
    enum err e = council_admitted_decode(turn_envelope(turn), turn_zone(turn), &admitted, turn_why(turn));

    (void)cause;
    if (!e) e = store_add_council(turn_store(turn), admitted.council, topic_province(fact->topic));
    return e;
}

/* "c-2018: totals from 70.00 to 92.00, allowed are 10.00 apart; to score again: m1, m5" */
static void spread_in_words(const struct spread_exceeded *x, char *out, size_t size)
{
    const int64_t least = x->least_hundredths, most = x->most_hundredths, limit = x->limit_hundredths;
    size_t at =
        (size_t)snprintf(out, size, "%.*s: totals from %d.%02d to %d.%02d, allowed are %d.%02d apart",
                         SLICE_ARG(x->council), (int)(least / 100), (int)(least % 100), (int)(most / 100),
                         (int)(most % 100), (int)(limit / 100), (int)(limit % 100));

    for (size_t i = 0; i < x->far_count && at + x->far[i].member.size + 24 < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%.*s",
                               i ? ", " : "; to score again: ", SLICE_ARG(x->far[i].member));
}

enum err decide_spread_exceeded(struct turn *turn, const struct record *rec)
{
    struct message_queued values = { 0 };
    struct spread_exceeded exceeded;
    struct dossier dossier;
    struct slice province;
    char reason[REASON_BYTES];
    enum err e = spread_exceeded_decode(turn_envelope(turn), turn_zone(turn), &exceeded, turn_why(turn));

    if (!e) e = handler_find_dossier(turn, exceeded.dossier, &dossier);
    if (!e) e = store_find_council(turn_store(turn), exceeded.council, turn_zone(turn), &province);
    if (e == ERR_NOT_FOUND) {
        province = topic_province(rec->topic);
        e = ERR_NONE;
    }
    if (e) return e;
    spread_in_words(&exceeded, reason, sizeof reason);
    values.has_product = values.has_name = values.has_number = values.has_reason = true;
    values.product = exceeded.product;
    values.name = dossier.name;
    values.number = dossier.reference;
    values.reason = slice_text(reason);
    return handler_tell(turn, 0, slice_text(""), province, &values);
}

/* "A-1 (QUORUM): 4 of 5 members ...; A-2 (CHAIR): ..."; where there is no room, without the sentences. */
static void held_in_words(const struct round_settled *x, char *out, size_t size)
{
    static const char more[] = "; ...";
    const size_t room = size - sizeof more;
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < x->held_products_count; i++) {
        const struct held_product *p = &x->held_products[i];
        const size_t name = (i ? 2 : 0) + p->reference.size + p->code.size + 3,
                     whole = name + 2 + p->sentence.size;

        if (at + name > room) {
            snprintf(out + at, size - at, "%s", more);
            return;
        }
        at += (size_t)snprintf(out + at, size - at, "%s%.*s (%.*s)", i ? "; " : "", SLICE_ARG(p->reference),
                               SLICE_ARG(p->code));
        if (at + whole - name <= room)
            at += (size_t)snprintf(out + at, size - at, ": %.*s", SLICE_ARG(p->sentence));
    }
}

/* One letter a closing: an event owes a recipient one. */
enum err decide_round_settled(struct turn *turn, const struct record *rec)
{
    struct message_queued values = { 0 };
    struct round_settled settled;
    char reason[REASON_BYTES];
    enum err e = round_settled_decode(turn_envelope(turn), turn_zone(turn), &settled, turn_why(turn));

    if (e || settled.held_products_count == 0) return e;
    held_in_words(&settled, reason, sizeof reason);
    values.has_number = values.has_open = values.has_reason = true;
    values.number = settled.council;
    values.open = settled.held;
    values.reason = slice_text(reason);
    return handler_tell(turn, 0, slice_text(""), topic_province(rec->topic), &values);
}
