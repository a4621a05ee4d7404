/* store_sheet.c - sheets: every version stays, the latest counts. */
#include "services/scoring/store_inside.h"

#include "common/buf.h"
#include "proto/codec.h" /* the words of level and seat */

enum { ID_BYTES_MAX = 80 /* of a criterion, a gate, a ground: events.def */ };

enum err store_find_standing(struct store *s, const struct council *council, struct slice dossier,
                             struct slice member, int32_t day, struct standing *out)
{
    sqlite3_stmt *q = s->statements[FIND_STANDING];
    enum err e = ERR_NONE;

    db_bind_text(q, 1, council->council);
    db_bind_text(q, 2, dossier);
    db_bind_text(q, 3, member);
    db_bind_text(q, 4, slice_text(level_word(council->level)));
    db_bind_text(q, 5, council->province);
    db_bind_i64(q, 6, day);
    e = store_one_row(q);
    if (e) return e;
    out->seated = db_i64(q, 0) != 0;
    out->rated = db_i64(q, 1) != 0;
    out->forwarded = db_i64(q, 2) != 0;
    out->done = db_i64(q, 3) != 0;
    out->remanded = db_i64(q, 4) != 0;
    out->conflict = db_i64(q, 5) != 0;
    out->merged = db_i64(q, 6) != 0;
    db_done(q);
    return ERR_NONE;
}

enum err store_count_sheets(struct store *s, struct slice council, struct slice dossier, struct slice member,
                            struct slice event, int64_t *versions, bool *same_event)
{
    sqlite3_stmt *q = s->statements[COUNT_SHEETS];
    enum err e = ERR_NONE;

    db_bind_text(q, 1, council);
    db_bind_text(q, 2, dossier);
    db_bind_text(q, 3, member);
    db_bind_text(q, 4, event);
    e = store_one_row(q);
    if (e) return e;
    *versions = db_i64(q, 0);
    *same_event = db_i64(q, 1) != 0;
    db_done(q);
    return ERR_NONE;
}

/* A JSON string of visible ASCII, as long as codes are. */
static void write_json_text(struct buf *out, struct slice text)
{
    char escaped[2 * ID_BYTES_MAX + 2];
    size_t n = 0;

    if (text.size > ID_BYTES_MAX) {
        out->failed = ERR_PROMISE; /* the codec lets none through */
        return;
    }
    escaped[n++] = '"';
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') escaped[n++] = '\\';
        escaped[n++] = text.data[i];
    }
    escaped[n++] = '"';
    buf_add(out, escaped, n);
}

/* A colon, and an option's number: 0 to 99. */
static void write_number(struct buf *out, int64_t number)
{
    const char text[] = { ':', (char)('0' + number / 10), (char)('0' + number % 10) },
               one[] = { ':', text[2] };

    buf_add(out, number < 10 ? one : text, number < 10 ? sizeof one : sizeof text);
}

static enum err write_choices(const struct sheet_submitted *sheet, struct buf *options, struct buf *gates)
{
    buf_add_text(options, "{");
    for (size_t i = 0; i < sheet->options_count; i++) {
        if (i) buf_add_text(options, ",");
        write_json_text(options, sheet->options[i].criterion);
        write_number(options, sheet->options[i].option);
    }
    buf_add_text(options, "}");
    buf_add_text(gates, "[");
    for (size_t i = 0; i < sheet->gates_count; i++) {
        if (i) buf_add_text(gates, ",");
        write_json_text(gates, sheet->gates[i].code);
    }
    buf_add_text(gates, "]");
    return options->failed ? options->failed : gates->failed;
}

/* A part as the member gave it; as it was counted from the options, when the sheet has those. */
static void bind_part(sqlite3_stmt *q, int at, bool given, int64_t submitted, bool has, int64_t counted)
{
    store_bind_number_or_null(q, at, given || has, given ? submitted : counted);
}

enum err store_add_sheet(struct store *s, struct slice event, const struct sheet_submitted *sheet,
                         const struct sheet_counted *counted)
{
    sqlite3_stmt *q = s->statements[ADD_SHEET];
    struct buf options = { 0 }, gates = { 0 };
    enum err e = write_choices(sheet, &options, &gates);

    if (!e) {
        db_bind_text(q, 1, counted->council);
        db_bind_text(q, 2, counted->dossier);
        db_bind_text(q, 3, counted->member);
        db_bind_text(q, 4, event);
        db_bind_i64(q, 5, counted->total_hundredths);
        bind_part(q, 6, sheet->has_a_hundredths, sheet->a_hundredths, counted->has_a_hundredths,
                  counted->a_hundredths);
        bind_part(q, 7, sheet->has_b_hundredths, sheet->b_hundredths, counted->has_b_hundredths,
                  counted->b_hundredths);
        bind_part(q, 8, sheet->has_c_hundredths, sheet->c_hundredths, counted->has_c_hundredths,
                  counted->c_hundredths);
        store_bind_text_or_null(q, 9, sheet->options_count > 0, buf_slice(&options));
        db_bind_text(q, 10, buf_slice(&gates));
        store_bind_text_or_null(q, 11, sheet->has_remark, sheet->remark);
        store_bind_number_or_null(q, 12, sheet->has_total_hundredths, sheet->total_hundredths);
        e = db_run(q);
    }
    buf_fini(&options);
    buf_fini(&gates);
    return e;
}

enum err store_list_pending(struct store *s, const struct council *council, msgpack_zone *zone,
                            struct slice **out, size_t *count)
{
    sqlite3_stmt *q = s->statements[LIST_PENDING];
    void *list = NULL;
    size_t n = 0, capacity = 0;
    bool row = false;
    enum err e = ERR_NONE;

    db_bind_text(q, 1, council->council);
    db_bind_text(q, 2, slice_text(level_word(council->level)));
    while (!e && !(e = db_step(q, &row)) && row) {
        e = store_grow(zone, sizeof(struct slice), n, &capacity, &list);
        if (!e) ((struct slice *)list)[n++] = db_keep(q, 0, zone, &e);
    }
    if (e) db_done(q);
    *out = list;
    *count = n;
    return e;
}

/* What write_choices wrote, read from left to right. */
struct scan {
    const char *at, *end;
};

static bool scan_is(const struct scan *s, char c)
{
    return s->at < s->end && *s->at == c;
}

static enum err scan_char(struct scan *s, char c)
{
    if (!scan_is(s, c)) return ERR_CORRUPT;
    s->at++;
    return ERR_NONE;
}

/* A string; its text without escapes, in the zone. */
static enum err scan_text(struct scan *s, msgpack_zone *zone, struct slice *out)
{
    char *copy = NULL;
    size_t n = 0;

    if (scan_char(s, '"')) return ERR_CORRUPT;
    for (const char *c = s->at; c < s->end && *c != '"'; c++, n++)
        if (*c == '\\') c++;
    copy = msgpack_zone_malloc(zone, n + 1);
    if (!copy) return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        if (scan_is(s, '\\')) s->at++;
        if (s->at == s->end) return ERR_CORRUPT;
        copy[i] = *s->at++;
    }
    *out = slice_of(copy, n);
    return scan_char(s, '"');
}

static enum err scan_number(struct scan *s, int64_t *out)
{
    const char *first = s->at;

    *out = 0;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && *out < INT32_MAX)
        *out = *out * 10 + (*s->at++ - '0');
    return s->at > first ? ERR_NONE : ERR_CORRUPT;
}

static enum err read_options(struct slice json, msgpack_zone *zone, struct sheet_submitted *out)
{
    struct scan s = { json.data, json.data + json.size };
    void *list = NULL;
    size_t n = 0, capacity = 0;
    enum err e = scan_char(&s, '{');

    while (!e && !scan_is(&s, '}')) {
        struct chosen chosen;

        if (n) e = scan_char(&s, ',');
        if (!e) e = scan_text(&s, zone, &chosen.criterion);
        if (!e) e = scan_char(&s, ':');
        if (!e) e = scan_number(&s, &chosen.option);
        if (!e) e = store_grow(zone, sizeof chosen, n, &capacity, &list);
        if (!e) ((struct chosen *)list)[n++] = chosen;
    }
    out->has_options = true;
    out->options = list;
    out->options_count = n;
    return e;
}

static enum err read_gates(struct slice json, msgpack_zone *zone, struct sheet_submitted *out)
{
    struct scan s = { json.data, json.data + json.size };
    void *list = NULL;
    size_t n = 0, capacity = 0;
    enum err e = scan_char(&s, '[');

    while (!e && !scan_is(&s, ']')) {
        struct met met;

        if (n) e = scan_char(&s, ',');
        if (!e) e = scan_text(&s, zone, &met.code);
        if (!e) e = store_grow(zone, sizeof met, n, &capacity, &list);
        if (!e) ((struct met *)list)[n++] = met;
    }
    out->has_gates = n > 0;
    out->gates = list;
    out->gates_count = n;
    return e;
}

static enum err seat_of(struct slice word, enum seat *out)
{
    for (int i = 0; i < seat_COUNT; i++) {
        if (!slice_is(word, seat_word((enum seat)i))) continue;
        *out = (enum seat)i;
        return ERR_NONE;
    }
    return ERR_CORRUPT;
}

/* A sheet without options gave its parts, or only a total. */
static void read_points(sqlite3_stmt *q, struct stored_sheet *out)
{
    struct sheet_submitted *sheet = &out->sheet;

    if (sqlite3_column_type(q, 7) != SQLITE_NULL) {
        sheet->has_total_hundredths = true;
        sheet->total_hundredths = db_i64(q, 7);
        return;
    }
    sheet->has_a_hundredths = sheet->has_b_hundredths = sheet->has_c_hundredths = true;
    sheet->a_hundredths = db_i64(q, 4);
    sheet->b_hundredths = db_i64(q, 5);
    sheet->c_hundredths = db_i64(q, 6);
}

/* The row a sheet statement stands on. */
static enum err read_sheet(sqlite3_stmt *q, msgpack_zone *zone, struct stored_sheet *out)
{
    enum err e = ERR_NONE;

    memset(out, 0, sizeof *out);
    out->total_hundredths = db_i64(q, 0);
    out->sheet.member = db_keep(q, 3, zone, &e);
    if (!e) e = seat_of(db_text(q, 8), &out->seat);
    out->asked = db_i64(q, 9) != 0;
    if (sqlite3_column_type(q, 1) == SQLITE_NULL)
        read_points(q, out);
    else if (!e)
        e = read_options(db_text(q, 1), zone, &out->sheet);
    if (!e) e = read_gates(db_text(q, 2), zone, &out->sheet);
    return e;
}

enum err store_list_sheets(struct store *s, struct slice council, struct slice dossier, msgpack_zone *zone,
                           struct stored_sheet **out, size_t *count)
{
    sqlite3_stmt *q = s->statements[LIST_SHEETS];
    void *list = NULL;
    size_t n = 0, capacity = 0;
    bool row = false;
    enum err e = ERR_NONE;

    db_bind_text(q, 1, council);
    db_bind_text(q, 2, dossier);
    while (!e && !(e = db_step(q, &row)) && row) {
        e = n < COUNCIL_MEMBERS_MAX ? store_grow(zone, sizeof(struct stored_sheet), n, &capacity, &list)
                                    : ERR_CORRUPT;
        if (!e) e = read_sheet(q, zone, (struct stored_sheet *)list + n);
        if (!e) n++;
    }
    if (e) db_done(q);
    *out = list;
    *count = n;
    return e;
}

/* --- conflicts, and those asked to score again --- */

enum err store_add_conflict(struct store *s, struct slice event, const struct conflict_noted *noted)
{
    sqlite3_stmt *q = s->statements[ADD_CONFLICT];

    db_bind_text(q, 1, noted->council);
    db_bind_text(q, 2, noted->dossier);
    db_bind_text(q, 3, noted->member);
    db_bind_text(q, 4, event);
    return db_run(q);
}

enum err store_find_conflicts(struct store *s, struct slice council, struct slice dossier, int64_t *count,
                              bool *of_chair)
{
    sqlite3_stmt *q = s->statements[FIND_CONFLICTS];
    enum err e = ERR_NONE;

    db_bind_text(q, 1, council);
    db_bind_text(q, 2, dossier);
    db_bind_text(q, 3, slice_text(seat_word(seat_CHAIR)));
    e = store_one_row(q);
    if (e) return e;
    *count = db_i64(q, 0);
    *of_chair = db_i64(q, 1) != 0;
    db_done(q);
    return ERR_NONE;
}

enum err store_ask_again(struct store *s, const struct spread_exceeded *exceeded)
{
    sqlite3_stmt *q = s->statements[CLEAR_FAR];
    enum err e = ERR_NONE;

    db_bind_text(q, 1, exceeded->council);
    db_bind_text(q, 2, exceeded->dossier);
    e = db_run(q);
    q = s->statements[ADD_FAR];
    for (size_t i = 0; !e && i < exceeded->far_count; i++) {
        db_bind_text(q, 1, exceeded->council);
        db_bind_text(q, 2, exceeded->dossier);
        db_bind_text(q, 3, exceeded->far[i].member);
        e = db_run(q);
    }
    return e;
}
