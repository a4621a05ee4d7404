/* handler_facts.c - what becomes due by what happened, and what meets it. */
#include "common/clock.h"
#include "services/notification/handler_inside.h"

/* An outcome's time is when the event it answers came in: how fast its service was must not matter. */
static int32_t day_of_fact(struct turn *turn)
{
    return clock_day_of(turn_envelope(turn)->time_ms);
}

static enum err end_handed_in(struct turn *turn)
{
    return store_end_handed_in(turn_store(turn), turn_envelope(turn)->cause_seq);
}

/* --- law --- */

static int32_t said(bool has, int64_t value)
{
    return has ? (int32_t)value : NOT_SAID;
}

/* They merge on their day; at once, where that has passed. */
static enum err add_areas(struct turn *turn, const struct rules_adopted *a)
{
    const int32_t merged_on = a->has_first_day ? a->first_day : turn_day(turn);
    enum err e = ERR_NONE;

    for (size_t i = 0; !e && i < a->areas_count; i++)
        if (!slice_equal(a->areas[i].old_code, a->areas[i].new_code))
            e = store_add_area(turn_store(turn), &a->areas[i], merged_on);
    return e ? e : store_move_areas(turn_store(turn), turn_day(turn), turn_zone(turn));
}

enum err apply_rules_adopted(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct rules_adopted a;
    struct rule_set r;
    enum err e = rules_adopted_decode(turn_envelope(turn), turn_zone(turn), &a, turn_why(turn));

    (void)fact, (void)cause;
    if (e) return e;
    if (a.kind == rules_kind_CALENDAR)
        return store_add_calendar(turn_store(turn), a.name, a.days_off, a.days_off_count);
    if (a.kind == rules_kind_AREAS) return add_areas(turn, &a);
    if (a.kind != rules_kind_RULE_SET) return ERR_NONE;
    r = (struct rule_set){ .name = a.name,
                           .has_first_day = a.has_first_day,
                           .has_last_day = a.has_last_day,
                           .first_day = a.first_day,
                           .last_day = a.last_day,
                           .supplement_stops_clock = a.has_supplement_stops_clock && a.supplement_stops_clock,
                           .commune_working_days = said(a.has_commune_working_days, a.commune_working_days),
                           .re_rating_days = said(a.has_re_rating_days, a.re_rating_days),
                           .transition_days = said(a.has_transition_days, a.transition_days),
                           .transition_re_rating_days =
                               said(a.has_transition_re_rating_days, a.transition_re_rating_days),
                           .near_days = said(a.has_near_days, a.near_days) };
    return store_add_rule_set(turn_store(turn), &r, a.rounds, a.rounds_count);
}

/* --- what is due --- */

static struct deadline owed(enum due what, struct slice about, struct slice province, int32_t due_before,
                            int32_t near_days)
{
    return (struct deadline){ .what = what,
                              .about = about,
                              .province = province,
                              .due_before = due_before,
                              .near_on = near_days == NOT_SAID ? NOT_SAID : due_before - near_days,
                              .stands_until = NOT_SAID,
                              .open = NOT_SAID };
}

static enum err near_days_on(struct turn *turn, int32_t day, int32_t *near_days)
{
    struct rule_set r;
    enum err e = store_rule_set_on(turn_store(turn), day, turn_zone(turn), &r);

    if (e && e != ERR_NOT_FOUND) return e;
    *near_days = e ? NOT_SAID : r.near_days;
    return ERR_NONE;
}

/* The commune has so many working days, not counting the day of receipt. */
static enum err owe_proposal(struct turn *turn, const struct slip_registered *slip, const struct rule_set *r)
{
    const struct slice code = slip->has_commune_code ? slip->commune_code : slice_text("");
    int32_t days[STORE_DAYS_OFF_MAX];
    struct days_off off = { days, 0 };
    char who[NOTIFICATION_RECIPIENT_EXTRA];
    struct deadline d;
    enum err e = notification_commune(slip->province, code, who, sizeof who);

    if (!e) e = store_days_off(turn_store(turn), slip->received_on, days, &off.count);
    if (e) return e;
    d = owed(due_COMMUNE, slip->reference, slip->province,
             deadline_add_working(&off, slip->received_on, r->commune_working_days) + 1, r->near_days);
    d.who = slice_text(who);
    d.fact = turn_envelope(turn)->id;
    if (slip->has_owner) d.owner = slip->owner;
    if (r->supplement_stops_clock) d.stands_until = slip->received_on;
    return store_add_deadline(turn_store(turn), &d);
}

enum err apply_slip_registered(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct slip_registered slip;
    struct rule_set r;
    bool accepted = false;
    enum err e = slip_registered_decode(turn_envelope(turn), turn_zone(turn), &slip, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = handler_province_moved(turn, &slip.province);
    if (!e) e = store_has_dossier(turn_store(turn), slip.province, slip.reference, &accepted);
    if (e || accepted) return e;
    e = store_add_slip(turn_store(turn), slip.province, slip.reference, slip.received_on);
    if (e || slip.desk != desk_COMMUNE) return e;
    e = store_find_rule_set(turn_store(turn), slip.rule_set, turn_zone(turn), &r);
    if (e == ERR_NOT_FOUND || (!e && r.commune_working_days == NOT_SAID)) return ERR_NONE;
    return e ? e : owe_proposal(turn, &slip, &r);
}

/* The commune's working days do not run while a supplement is awaited. Its day is known from the start, so
 * the deadline moves at once, by the working days from the request to that day which do not stand still
 * already. What is handed in sooner is handed in with the dossier and ends the deadline. */
static enum err stop_commune(struct turn *turn, const struct request_registered *request)
{
    int32_t days[STORE_DAYS_OFF_MAX], from = day_of_fact(turn), due, near;
    struct days_off off = { days, 0 };
    struct deadline d;
    enum err e =
        store_find_standing(turn_store(turn), request->province, request->reference, turn_zone(turn), &d);

    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    if (from < d.stands_until) from = d.stands_until;
    if (from >= request->due_before || from >= d.due_before) return ERR_NONE;
    e = store_days_off(turn_store(turn), from, days, &off.count);
    if (e) return e;
    /* Its last day is the one before due_before, a working day. */
    due = deadline_add_working(&off, d.due_before - 1,
                               deadline_count_working(&off, from, request->due_before)) +
          1;
    near = d.near_on == NOT_SAID ? NOT_SAID : due - (d.due_before - d.near_on);
    return store_move_deadline(turn_store(turn), &d, due, near, request->due_before);
}

enum err apply_request_registered(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct request_registered request;
    int32_t near_days = NOT_SAID;
    struct deadline d;
    enum err e = request_registered_decode(turn_envelope(turn), turn_zone(turn), &request, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = handler_province_moved(turn, &request.province);
    if (!e) e = near_days_on(turn, day_of_fact(turn), &near_days);
    if (e) return e;
    d = owed(due_SUPPLEMENT, request.reference, request.province, request.due_before, near_days);
    d.fact = turn_envelope(turn)->id;
    if (request.has_owner) d.owner = request.owner;
    e = handler_recipient(turn, TOLD_OWNER, d.owner, d.province, &d.who);
    if (!e) e = store_add_deadline(turn_store(turn), &d);
    return e ? e : stop_commune(turn, &request);
}

enum err apply_rejection_registered(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct rejection_registered rejection;
    enum err e =
        rejection_registered_decode(turn_envelope(turn), turn_zone(turn), &rejection, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = handler_province_moved(turn, &rejection.province);
    if (!e) e = store_end_slip(turn_store(turn), rejection.province, rejection.reference);
    if (!e) e = store_note_ended(turn_store(turn), rejection.province, rejection.reference);
    if (!e) e = store_end_dossier_deadlines(turn_store(turn), rejection.province, rejection.reference);
    return e;
}

/* --- dossiers --- */

/* What a service cannot read either waits for no answer. */
static enum err note_handed_in(struct turn *turn, enum err unread, struct slice about,
                               const struct record *fact)
{
    if (unread) return err_fate(unread) == FATE_STOP ? unread : ERR_NONE;
    return store_add_handed_in(turn_store(turn), about, fact->seq);
}

enum err apply_dossier_filed(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct dossier_filed filed = { .reference = slice_text("") };
    struct why ignored = { 0 };
    enum err e = dossier_filed_decode(turn_envelope(turn), turn_zone(turn), &filed, &ignored);

    (void)cause;
    return note_handed_in(turn, e, filed.reference, fact);
}

enum err apply_dossier_supplemented(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct dossier_supplemented filed;
    struct dossier dossier = { .reference = slice_text("") };
    struct why ignored = { 0 };
    enum err e = dossier_supplemented_decode(turn_envelope(turn), turn_zone(turn), &filed, &ignored);

    (void)cause;
    if (!e) e = store_find_dossier(turn_store(turn), filed.dossier, turn_zone(turn), &dossier);
    return note_handed_in(turn, e, dossier.reference, fact);
}

/* A re-rating's days run from the full dossier; of five stars it is the ministry's. */
static enum err owe_re_rating(struct turn *turn, const struct dossier_accepted *a)
{
    struct holder holder = { .star = 0 };
    struct rule_set r;
    struct deadline d;
    enum err e = store_find_rule_set(turn_store(turn), a->rule_set, turn_zone(turn), &r);

    if (e == ERR_NOT_FOUND || (!e && r.re_rating_days == NOT_SAID)) return ERR_NONE;
    if (!e && a->has_certificate)
        e = store_find_certificate(turn_store(turn), a->certificate, turn_zone(turn), &holder);
    if (e && e != ERR_NOT_FOUND) return e;
    d = owed(due_RE_RATING, a->reference, a->province, day_of_fact(turn) + r.re_rating_days + 1, r.near_days);
    d.fact = turn_envelope(turn)->id;
    e = handler_recipient(turn, TOLD_PROVINCE, slice_text(""),
                          holder.star == 5 ? slice_text("00") : a->province, &d.who);
    return e ? e : store_add_deadline(turn_store(turn), &d);
}

/* A dossier of the earlier rule set that came in before the newer one began, but is accepted after. Those
 * accepted before get their deadline on the day the newer one begins. */
static enum err owe_transition(struct turn *turn, const struct dossier *dossier)
{
    struct rule_set newer;
    struct deadline d;
    int32_t days;
    enum err e = store_transition_of(turn_store(turn), dossier->received_on, dossier->rule_set,
                                     turn_zone(turn), &newer);

    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e;
    days = dossier->kind == dossier_kind_RE_RATING ? newer.transition_re_rating_days : newer.transition_days;
    if (days == NOT_SAID) return ERR_NONE;
    d = owed(due_TRANSITION, dossier->reference, dossier->province, newer.first_day + days, newer.near_days);
    d.fact = dossier->dossier;
    e = handler_recipient(turn, TOLD_PROVINCE, slice_text(""), dossier->province, &d.who);
    return e ? e : store_add_deadline(turn_store(turn), &d);
}

/* The commune has proposed it and the applicant has handed in what was asked for. */
static enum err end_receipt(struct turn *turn, const struct dossier *d)
{
    enum err e = store_end_slip(turn_store(turn), d->province, d->reference);

    if (!e) e = store_end_deadline(turn_store(turn), due_COMMUNE, d->reference, d->province);
    if (!e) e = store_end_deadline(turn_store(turn), due_SUPPLEMENT, d->reference, d->province);
    return e;
}

enum err apply_dossier_accepted(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct dossier_accepted a;
    struct dossier d;
    enum err e = dossier_accepted_decode(turn_envelope(turn), turn_zone(turn), &a, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = handler_province_moved(turn, &a.province);
    if (e) return e;
    d = (struct dossier){
        turn_envelope(turn)->id, a.province, a.reference, a.product, a.name, a.owner, a.rule_set, a.kind, 0, 0
    };
    d.received_on = a.has_received_on ? a.received_on : day_of_fact(turn);
    d.proposed_on = a.has_proposed_on ? a.proposed_on : d.received_on;
    e = store_add_dossier(turn_store(turn), &d);
    if (!e) e = end_handed_in(turn);
    if (!e) e = end_receipt(turn, &d);
    if (!e && a.kind == dossier_kind_RE_RATING) e = owe_re_rating(turn, &a);
    return e ? e : owe_transition(turn, &d);
}

enum err apply_supplement_accepted(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct supplement_accepted a;
    struct dossier d;
    enum err e = supplement_accepted_decode(turn_envelope(turn), turn_zone(turn), &a, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = end_handed_in(turn);
    if (!e) e = handler_find_dossier(turn, a.dossier, &d);
    if (!e) e = store_correct_dossier(turn_store(turn), a.dossier, a.name, a.owner);
    if (!e) e = store_end_deadline(turn_store(turn), due_SUPPLEMENT, d.reference, d.province);
    return e;
}

enum err apply_withdrawal_accepted(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct withdrawal_accepted a;
    struct dossier d;
    enum err e = withdrawal_accepted_decode(turn_envelope(turn), turn_zone(turn), &a, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = handler_find_dossier(turn, a.dossier, &d);
    if (!e) e = store_note_waits(turn_store(turn), a.dossier, WAITS_FOR_NOTHING, NOT_SAID);
    if (!e) e = store_end_dossier_deadlines(turn_store(turn), d.province, d.reference);
    return e;
}

enum err apply_answered(struct turn *turn, const struct record *fact, const struct record *cause)
{
    (void)fact, (void)cause;
    return end_handed_in(turn);
}

/* --- results --- */

/* The ministry has what it waited for when its own council has rated, or when the star is not its to give. */
static bool ministry_is_done(const struct product_rated *rated)
{
    return rated->level == level_CENTRE || !rated->has_authority || rated->authority != authority_MINISTRY;
}

enum err apply_product_rated(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct product_rated rated;
    struct dossier d;
    enum err e = product_rated_decode(turn_envelope(turn), turn_zone(turn), &rated, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = store_find_dossier(turn_store(turn), rated.dossier, turn_zone(turn), &d);
    if (e) return e == ERR_NOT_FOUND ? ERR_NONE : e; /* its messages need no dossier */
    e = store_note_waits(turn_store(turn), rated.dossier, WAITS_FOR_NOTHING, NOT_SAID);
    if (!e) e = store_end_deadline(turn_store(turn), due_TRANSITION, d.reference, d.province);
    if (!e) e = store_end_deadline(turn_store(turn), due_SUPPLEMENT, d.reference, d.province);
    if (!e) e = store_end_re_rating(turn_store(turn), d.province, d.reference, ministry_is_done(&rated));
    return e;
}

enum err apply_product_forwarded(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct product_forwarded forwarded;
    enum err e = product_forwarded_decode(turn_envelope(turn), turn_zone(turn), &forwarded, turn_why(turn));

    (void)fact, (void)cause;
    if (e) return e;
    /* From the district to the province: still of the round it was proposed in. */
    if (forwarded.to != level_CENTRE)
        return store_note_waits(turn_store(turn), forwarded.dossier, WAITS_FOR_PROVINCE, NOT_SAID);
    return store_note_waits(turn_store(turn), forwarded.dossier, WAITS_FOR_CENTRE, day_of_fact(turn));
}

/* --- withdrawals --- */

enum err apply_finding_registered(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct finding_registered f;
    struct holder holder = { .star = 0 };
    int32_t near_days = NOT_SAID;
    struct deadline d;
    enum err e = finding_registered_decode(turn_envelope(turn), turn_zone(turn), &f, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = handler_province_moved(turn, &f.province);
    if (!e) e = near_days_on(turn, f.found_on, &near_days);
    if (!e) e = store_find_certificate(turn_store(turn), f.certificate, turn_zone(turn), &holder);
    if (e && e != ERR_NOT_FOUND) return e;
    d = owed(due_WITHDRAWAL, f.certificate, f.province, f.decide_by + 1, near_days);
    d.fact = turn_envelope(turn)->id;
    d.owner = holder.owner;
    d.name = holder.name;
    e = handler_recipient(turn, TOLD_PROVINCE, slice_text(""),
                          f.authority == authority_MINISTRY ? slice_text("00") : f.province, &d.who);
    return e ? e : store_add_deadline(turn_store(turn), &d);
}

enum err apply_revocation_decided(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct revocation_decided decided = { .certificate = slice_text("") };
    struct why ignored = { 0 };
    enum err e = revocation_decided_decode(turn_envelope(turn), turn_zone(turn), &decided, &ignored);

    (void)cause;
    return note_handed_in(turn, e, decided.certificate, fact);
}

enum err apply_dismissal_decided(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct dismissal_decided decided;
    struct slice certificate = slice_text("");
    struct why ignored = { 0 };
    enum err e = dismissal_decided_decode(turn_envelope(turn), turn_zone(turn), &decided, &ignored);

    (void)cause;
    if (!e) e = store_find_finding(turn_store(turn), decided.finding, turn_zone(turn), &certificate);
    return note_handed_in(turn, e, certificate, fact);
}

enum err apply_dismissal_accepted(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct dismissal_accepted a;
    enum err e = dismissal_accepted_decode(turn_envelope(turn), turn_zone(turn), &a, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = store_end_finding(turn_store(turn), a.finding);
    return e ? e : end_handed_in(turn);
}

enum err apply_certificate_revoked(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct certificate_revoked revoked;
    enum err e = certificate_revoked_decode(turn_envelope(turn), turn_zone(turn), &revoked, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = store_end_deadline(turn_store(turn), due_WITHDRAWAL, revoked.certificate, slice_text(""));
    return e ? e : end_handed_in(turn);
}

/* --- reports that are due --- */

enum err apply_plan_registered(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct plan_registered plan;
    enum err e = plan_registered_decode(turn_envelope(turn), turn_zone(turn), &plan, turn_why(turn));

    (void)fact, (void)cause;
    if (e) return e;
    return store_add_plan(turn_store(turn), &plan, day_of_fact(turn));
}

/* A report was handed in; until intake has answered, its province is not late. What cannot be read, intake
 * refuses. */
enum err apply_report_filed(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct report_filed filed;
    struct why ignored = { 0 };
    enum err e = report_filed_decode(turn_envelope(turn), turn_zone(turn), &filed, &ignored);

    (void)cause;
    if (e) return err_fate(e) == FATE_STOP ? e : ERR_NONE;
    return store_add_filing(turn_store(turn), filed.province, filed.period_end, fact->seq);
}

enum err apply_report_registered(struct turn *turn, const struct record *fact, const struct record *cause)
{
    struct report_registered report;
    enum err e = report_registered_decode(turn_envelope(turn), turn_zone(turn), &report, turn_why(turn));

    (void)fact, (void)cause;
    if (!e) e = store_add_report(turn_store(turn), &report);
    for (size_t i = 0; !e && i < notification_reports(); i++) /* a late one is not owed any more */
        if (notification_report(i).period_end == report.period_end)
            e = store_end_deadline(turn_store(turn), due_REPORT, slice_text(""), report.province);
    if (!e) e = store_end_filing(turn_store(turn), turn_envelope(turn)->cause_seq);
    return e;
}

enum err apply_report_refused(struct turn *turn, const struct record *fact, const struct record *cause)
{
    (void)fact, (void)cause;
    return store_end_filing(turn_store(turn), turn_envelope(turn)->cause_seq);
}
