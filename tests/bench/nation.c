/* nation.c - bring a house of services through a nation's year, and check what came out.
 *
 *   bench_nation --endpoint BROKER --profiles FILE [--products N] [--months N] [--seed N] [--first-day DAY]
 *
 * Fifteen offices push for the 63 provinces (province, council and authority in each of five regions), the
 * centre sets the clock and follows the log. Nobody waits for a phase to end: as soon as a dossier is
 * accepted its sheets are sent, after the last of a province its council closes, and so on to the receipt for
 * each message. Everything that does not depend on the log is made before the clock starts.
 *
 * One line of JSON on standard output; the exit code is 1 when anything came out otherwise than was drawn. */
#include "common/clock.h"
#include "tests/bench/nation_party.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REGIONS = 5, PARTIES = 3 * REGIONS + 1, QUIET_S = 60 };
enum role { ROLE_PROVINCE, ROLE_COUNCIL, ROLE_AUTHORITY, ROLES };
static const char *const role_names[ROLES] = { "province", "council", "authority" };

enum stage { STAGE_ACCEPTED, STAGE_RATED, STAGE_ISSUED, STAGE_QUEUED, STAGE_RECEIVED, STAGES };
static const char *const stage_names[STAGES] = { "accepted", "rated", "issued", "queued", "received" };

static struct nation_plan plan;
static struct party parties[PARTIES]; /* the last is the centre */
static struct party *const centre = &parties[PARTIES - 1];
static msgpack_zone *zone;
static struct {
    size_t count[STAGES], returned, settled, decisions, stars[NATION_STARS], certificates[NATION_STARS];
    double first_s[STAGES], last_s[STAGES];
    uint64_t seq; /* of the log, as last heard */
    unsigned month;
    bool clocked;
    double begun_s, heard_s;
} now;

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct party *party_of(enum role role, unsigned province)
{
    return &parties[(unsigned)role * REGIONS + province % REGIONS];
}

static unsigned province_of(struct slice code)
{
    for (unsigned i = 0; i < NATION_PROVINCES; i++)
        if (slice_is(code, plan.provinces[i].code)) return i;
    nation_die("the log", "a province that is not ours");
}

static void reached(enum stage stage)
{
    const double s = seconds() - now.begun_s;

    if (now.count[stage]++ == 0) now.first_s[stage] = s;
    now.last_s[stage] = s;
}

/* --- what an event of the log makes us push --- */

static void file_dossier(size_t index)
{
    const struct nation_product *product = &plan.products[index];

    party_queue(party_of(ROLE_PROVINCE, product->province),
                product->gap ? product->incomplete : product->dossier);
}

static void on_returned(const struct envelope *e)
{
    size_t index;

    if (!nation_index_of(e->cause, 'g', &index) || index >= plan.product_count)
        nation_die("returned", "a dossier that has no gap");
    now.returned++;
    party_queue(party_of(ROLE_PROVINCE, plan.products[index].province), plan.products[index].dossier);
}

static void on_accepted(const struct record *r, const struct envelope *e)
{
    struct nation_province *province;
    struct party *council;
    size_t index;

    if (!nation_index_of(e->cause, 'd', &index) || index >= plan.product_count)
        nation_die("accepted", "not a dossier of ours");
    province = &plan.provinces[plan.products[index].province];
    council = party_of(ROLE_COUNCIL, plan.products[index].province);
    reached(STAGE_ACCEPTED);
    for (size_t i = 0; i < NATION_MEMBERS; i++)
        party_queue(council, plan.products[index].sheets[i]);
    if (++province->accepted == province->count)
        party_queue(council, nation_closing(&plan, plan.products[index].province, clock_day_of(r->at_ms)));
}

static void on_rated(const struct envelope *e)
{
    const struct nation_profile *profile;
    struct nation_product *product;
    struct product_rated rated;
    struct why why = { 0 };
    size_t index;

    if (product_rated_decode(e, zone, &rated, &why)) nation_die("rated", why.sentence);
    index = strtoull(rated.reference.data + strlen("HS-PP-"), NULL, 10);
    if (index >= plan.product_count) nation_die("rated", "not a dossier of ours");
    product = &plan.products[index];
    profile = &plan.profiles[product->profile];
    if (rated.star != profile->star || rated.sum_hundredths != profile->sum_hundredths)
        nation_die("rated", "not the star and sum that the reference gives");
    reached(STAGE_RATED);
    now.stars[rated.star]++;
    snprintf(product->code, sizeof product->code, "%.*s", SLICE_ARG(rated.product));
    snprintf(product->rated, sizeof product->rated, "%.*s", SLICE_ARG(e->id));
}

/* The council has settled: the province signs what got three stars and more, forty lines a decision. */
static void on_settled(const struct record *r)
{
    const unsigned number = province_of(topic_province(r->topic));
    struct nation_province *province = &plan.provinces[number];
    struct decision_item items[NATION_DECISION_LINES];
    size_t lines = 0;

    now.settled++;
    for (size_t i = 0; i < province->count; i++) {
        const struct nation_product *product = &plan.products[province->first + i];
        const int star = plan.profiles[product->profile].star;

        if (star >= 3)
            items[lines++] =
                (struct decision_item){ slice_text(product->code), slice_text(product->rated), star };
        if (lines == NATION_DECISION_LINES || (lines && i + 1 == province->count)) {
            party_queue(
                party_of(ROLE_AUTHORITY, number),
                nation_decision(&plan, number, province->decided++, clock_day_of(r->at_ms), items, lines));
            now.decisions++;
            lines = 0;
        }
    }
}

static void on_issued(const struct envelope *e)
{
    struct certificate_issued issued;
    struct why why = { 0 };

    if (certificate_issued_decode(e, zone, &issued, &why)) nation_die("issued", why.sentence);
    now.certificates[issued.star]++;
    reached(STAGE_ISSUED);
}

static void on_queued(const struct record *r, const struct envelope *e)
{
    const struct slice province = topic_province(r->topic);
    struct party *who = slice_is(province, "00") ? centre : party_of(ROLE_PROVINCE, province_of(province));

    party_queue(who,
                nation_receipt(&plan, now.count[STAGE_QUEUED], province, e->subject, clock_day_of(r->at_ms)));
    reached(STAGE_QUEUED);
}

static void on_record(const struct record *r)
{
    const struct slice type = topic_type(r->topic);
    struct envelope e;
    struct why why = { 0 };

    if (slice_is(type, "notification.receipt.accepted")) {
        reached(STAGE_RECEIVED);
        return;
    }
    msgpack_zone_clear(zone);
    if (envelope_parse(r->envelope, zone, &e, &why)) nation_die("the log", why.sentence);
    if (slice_is(type, "intake.dossier.accepted"))
        on_accepted(r, &e);
    else if (slice_is(type, "intake.dossier.returned"))
        on_returned(&e);
    else if (slice_is(type, "scoring.product.rated"))
        on_rated(&e);
    else if (slice_is(type, "scoring.round.settled"))
        on_settled(r);
    else if (slice_is(type, "certification.certificate.issued"))
        on_issued(&e);
    else if (slice_is(type, "notification.message.queued"))
        on_queued(r, &e);
}

/* --- months --- */

static void set_clock(unsigned month)
{
    char day[CLOCK_DAY_TEXT + 1];

    clock_day_text(nation_day_of_month(&plan, month), day);
    if (client_clock(centre->client, slice_text(day))) nation_die("CLOCK", "cannot be sent");
    now.clocked = false;
    now.month = month;
}

static void file_month(void)
{
    now.clocked = true;
    for (size_t i = 0; i < plan.product_count; i++)
        if (plan.provinces[plan.products[i].province].month == now.month) file_dossier(i);
}

/* The next month begins when every dossier of this one is accepted; what follows from them goes on meanwhile.
 */
static void next_month(void)
{
    if (!now.clocked || now.month + 1 == plan.months) return;
    for (size_t i = 0; i < NATION_PROVINCES; i++)
        if (plan.provinces[i].month <= now.month && plan.provinces[i].accepted < plan.provinces[i].count)
            return;
    set_clock(now.month + 1);
}

/* --- the run --- */

static void begin(const char *endpoint)
{
    static const char *const followed[] = {
        "intake.dossier.accepted",      "intake.dossier.returned",          "scoring.product.rated",
        "scoring.round.settled",        "certification.certificate.issued", "notification.message.queued",
        "notification.receipt.accepted"
    };
    enum { FOLLOWED = sizeof followed / sizeof *followed };
    struct slice prefixes[FOLLOWED];
    char name[32];

    for (unsigned i = 0; i + 1 < PARTIES; i++) {
        snprintf(name, sizeof name, "%s-office-%u", role_names[i / REGIONS], i % REGIONS + 1);
        party_open(&parties[i], endpoint, name);
    }
    party_open(centre, endpoint, "nation-centre");
    for (size_t i = 0; i < FOLLOWED; i++)
        prefixes[i] = slice_text(followed[i]);
    if (client_follow(centre->client, 0, NULL, prefixes, FOLLOWED)) nation_die("FOLLOW", "cannot be sent");
    now.begun_s = now.heard_s = seconds();
    for (unsigned i = 0; i < NATION_PROVINCES; i++)
        party_queue(party_of(ROLE_COUNCIL, i), plan.provinces[i].council);
    file_month();
}

static bool done(void)
{
    size_t due = 0;

    for (int star = 3; star < NATION_STARS; star++)
        due += plan.expected_stars[star];
    return now.settled == NATION_PROVINCES && now.count[STAGE_ISSUED] == due &&
           now.count[STAGE_RECEIVED] == now.count[STAGE_QUEUED] && now.month + 1 == plan.months;
}

static void hear_centre(void)
{
    struct client_event news;
    enum client_news what;

    while ((what = party_hear(centre, &news)) != CLIENT_NOTHING) {
        if (what == CLIENT_CLOCKED) file_month();
        if (what != CLIENT_EVENTS) continue;
        for (size_t i = 0; i < news.count; i++)
            on_record(&news.records[i]);
        if (news.count) now.heard_s = seconds();
        now.seq = news.seq;
    }
}

/* Done is done for good: no message may be on its way any more, so the caller looks at the services too. */
static void run(void)
{
    struct bus_socket *sockets[PARTIES];
    bool ready[PARTIES];

    while (!done()) {
        struct client_event news;

        hear_centre();
        next_month();
        for (size_t i = 0; i < PARTIES; i++) {
            if (&parties[i] != centre) (void)party_hear(&parties[i], &news);
            party_send(&parties[i]);
            sockets[i] = client_socket(parties[i].client);
        }
        if (seconds() - now.heard_s > QUIET_S) nation_die("the log", "nothing happened for a minute");
        if (!done()) (void)bus_wait(sockets, PARTIES, 1000, ready);
    }
}

static bool report(void)
{
    uint64_t pushed = 0;
    bool right =
        now.count[STAGE_ACCEPTED] == plan.product_count && now.count[STAGE_RATED] == plan.product_count;

    for (size_t i = 0; i < PARTIES; i++)
        pushed += parties[i].sent;
    printf("{\"seconds\": %.3f, \"pushed\": %" PRIu64
           ", \"returned\": %zu, \"decisions\": %zu, \"seq\": %" PRIu64,
           now.last_s[STAGE_RECEIVED], pushed, now.returned, now.decisions, now.seq);
    for (int i = 0; i < STAGES; i++)
        printf(", \"%s\": {\"count\": %zu, \"first_s\": %.3f, \"last_s\": %.3f}", stage_names[i],
               now.count[i], now.first_s[i], now.last_s[i]);
    printf(", \"stars\": [");
    for (int i = 0; i < NATION_STARS; i++) {
        printf("%s%zu", i ? ", " : "", now.stars[i]);
        right = right && now.stars[i] == plan.expected_stars[i];
        right = right && now.certificates[i] == (i >= 3 ? plan.expected_stars[i] : 0);
    }
    printf("], \"right\": %s}\n", right ? "true" : "false");
    return right;
}

int main(int argc, char **argv)
{
    int32_t first_day;

    if (hash_init() || !(zone = msgpack_zone_new(16 * 1024))) nation_die("start", "no entropy or no memory");
    if (clock_day_parse(slice_text(nation_option(argc, argv, "--first-day", "2026-06-01")), &first_day))
        nation_die("--first-day", "is no day");
    nation_plan_make(&plan, nation_option(argc, argv, "--profiles", NULL),
                     strtoull(nation_option(argc, argv, "--seed", "2026"), NULL, 10),
                     strtoull(nation_option(argc, argv, "--products", "15590"), NULL, 10),
                     (unsigned)strtoul(nation_option(argc, argv, "--months", "12"), NULL, 10), first_day);
    nation_make_events(&plan, 0, plan.product_count);
    begin(nation_option(argc, argv, "--endpoint", NULL));
    run();
    for (size_t i = 0; i < PARTIES; i++)
        party_close(&parties[i]);
    return report() ? 0 : 1;
}
