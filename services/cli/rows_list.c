/* rows_list.c - a published list of certified products, under the columns such lists have, becomes records.
 *
 * Lists are facts copied from decisions and pages: what stands in a cell is kept, what is empty stays
 * unknown. Only three cells change their form: the kind of the producer, a Vietnamese word; the score, points
 * with decimals; and the province, which is named by its code. No floats: "71.00" is 7100 hundredths.
 */
#include "common/text.h"
#include "services/cli/rows_inside.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 64, SCORE_MAX_HUNDREDTHS = 10000, SHOWN_COLUMNS = 40 };

/* `field` NULL: for people. Any other column is a field of the event under its own name. */
static const struct {
    const char *column, *field;
} columns[] = {
    { "product_name", "name" }, { "producer", "owner" },
    { "sector", NULL },         { "producer_type", "owner_kind" },
    { "province", NULL },       { "province_code", "province" },
    { "stars", "star" },        { "score", "mean_hundredths" },
    { "decision", "number" },   { "recognised_on", "issued_on" },
};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

static const struct {
    const char *said;
    enum owner_kind kind;
} producers[] = {
    { "hợp tác xã", owner_kind_COOPERATIVE },  { "tổ hợp tác", owner_kind_COOPERATIVE_GROUP },
    { "doanh nghiệp", owner_kind_ENTERPRISE }, { "hộ kinh doanh", owner_kind_HOUSEHOLD },
    { "cơ sở sản xuất", owner_kind_FACILITY }, { "trang trại", owner_kind_FARM },
    { "cá nhân", owner_kind_OTHER },           { "khác", owner_kind_OTHER },
};

enum { PRODUCERS = sizeof producers / sizeof producers[0] };

/* --- the header --- */

static bool has(const struct slice *cells, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_is(rows_trimmed(cells[i]), name)) return true;
    }
    return false;
}

bool rows_list_is(const struct slice *cells, size_t count)
{
    return has(cells, count, "product_name") && has(cells, count, "stars");
}

bool rows_list_is_totals(const struct slice *cells, size_t count)
{
    return has(cells, count, "as_of") && has(cells, count, "total") && !has(cells, count, "product_name");
}

bool rows_list_find(struct slice column, const struct field **out)
{
    *out = NULL;
    for (size_t i = 0; i < COLUMNS; i++) {
        if (!slice_is(column, columns[i].column)) continue;
        if (columns[i].field) *out = rows_field(&record_filed_kind, slice_text(columns[i].field));
        return true;
    }
    *out = rows_field(&record_filed_kind, column);
    return *out != NULL;
}

const char *rows_list_column(const struct field *f)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        if (columns[i].field && !strcmp(columns[i].field, f->name)) return columns[i].column;
    }
    return f->name;
}

/* --- cells --- */

/* "71", "71.5", "71.00" and "71,00"; no more than two decimals, or something would be lost. */
static bool read_score(struct slice text, int *hundredths)
{
    int value = 0, decimals = -1;

    if (!text.size || text.size > sizeof "100.00" - 1) return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];

        if ((c == '.' || c == ',') && i && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (c < '0' || c > '9' || decimals == 2) return false;
        value = 10 * value + (c - '0');
        decimals += decimals >= 0;
    }
    if (decimals == 0) return false;
    for (int i = decimals < 0 ? 0 : decimals; i < 2; i++)
        value *= 10;
    *hundredths = value;
    return value <= SCORE_MAX_HUNDREDTHS;
}

static const char *read_producer(struct slice text, const struct field *f)
{
    char key[WORD_MAX], known[WORD_MAX];

    if (text_key(text, key, sizeof key)) return NULL;
    for (size_t i = 0; i < PRODUCERS; i++) {
        if (!text_key(slice_text(producers[i].said), known, sizeof known) && !strcmp(key, known))
            return owner_kind_word(producers[i].kind);
    }
    for (size_t i = 0; f->words[i]; i++) {
        if (!strcmp(key, f->words[i])) return f->words[i];
    }
    return NULL;
}

static void tell_producer(struct rows *rows, const struct row_place *place, struct slice text)
{
    char words[PRODUCERS * WORD_MAX] = "";

    for (size_t i = 0; i < PRODUCERS; i++) {
        size_t used = strlen(words);

        snprintf(words + used, sizeof words - used, "%s%s", i ? ", " : "", producers[i].said);
    }
    rows_problem(rows, place->file, place->line, "producer_type",
                 "\"%.*s\" is no kind of producer; write %s, or nothing when it is not known",
                 (int)text_fit(text, SHOWN_COLUMNS), text.data, words);
}

void rows_list_put(struct rows *rows, const struct row_place *place, json_t *map, const struct field *f,
                   struct slice cell)
{
    const struct slice text = rows_trimmed(cell);
    const char *word;
    int hundredths = 0;

    if (!strcmp(f->name, "mean_hundredths")) {
        if (read_score(text, &hundredths))
            json_object_set_new(map, f->name, json_integer(hundredths));
        else
            rows_problem(
                rows, place->file, place->line, "score",
                "\"%.*s\" is no score; it must be points from 0 to 100 with at most two decimals, as "
                "71.00, or nothing when it is not known",
                (int)text_fit(text, SHOWN_COLUMNS), text.data);
    } else if (!strcmp(f->name, "owner_kind")) {
        word = read_producer(text, f);
        if (word)
            json_object_set_new(map, f->name, json_string(word));
        else
            tell_producer(rows, place, text);
    } else {
        json_object_set_new(map, f->name, json_stringn(cell.data, cell.size));
    }
}

void rows_list_empty(struct rows *rows, const struct row_place *place, const struct field *f)
{
    const bool day = !strcmp(f->name, "issued_on");

    rows_problem(
        rows, place->file, place->line, rows_list_column(f),
        day ? "no day stands here, and a certificate runs from its day; find the date of the decision "
              "and write it as 2018-12-16, or take the row out (%s)"
            : "this cell is empty; every row of a list must have it (%s)",
        f->doc);
}
