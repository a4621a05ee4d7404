/* rate_sheets.c - rates sheets read on stdin with the service's own rules, so that they can be compared with
 * another implementation.
 *
 *   law RULE-SET-FILE RUBRIC-FILE          of RULES_FOLDER; what follows is under them → "law HASH HASH"
 *   sheet OPTION... [+ GATE...]            options in the rubric's order → "sheet TOTAL A B C"
 *   rate DAY                               of the sheets since the last one →
 *       "rate MEMBERS SUM A B C BY-POINTS BY-MARKS STAR [STAR:CRITERION:NEEDED:REACHED]... [+ GATE...]"
 */
#include "common/clock.h"
#include "services/scoring/scoring.h"
#include "tests/scoring/small_rules.h"

#include <inttypes.h>

enum { LINE_MAX_BYTES = 8192 };

static struct rules set_rules, rubric_rules;
static struct tally tally;

static _Noreturn void give_up(const char *line, const char *sentence)
{
    fprintf(stderr, "rate_sheets: %s: %s\n", line, sentence);
    exit(1);
}

static void load(const char *file, struct rules *out, char hash[2 * HASH_BYTES + 1])
{
    const struct slice bytes = read_rules(file);
    struct why why = { { 0 }, { 0 } };

    if (rules_parse(bytes, out, &why) || rules_hash(bytes, hash, &why)) give_up(file, why.sentence);
    free((void *)(uintptr_t)bytes.data);
}

static void take_law(char *words)
{
    char of_set[2 * HASH_BYTES + 1], of_rubric[2 * HASH_BYTES + 1];

    load(strtok(words, " "), &set_rules, of_set);
    load(strtok(NULL, " "), &rubric_rules, of_rubric);
    printf("law %s %s\n", of_set, of_rubric);
    memset(&tally, 0, sizeof tally);
}

static void take_sheet(char *words)
{
    const struct rubric *rubric = &rubric_rules.u.rubric;
    static struct chosen options[RUBRIC_CRITERIA_MAX];
    static struct met gates[RUBRIC_GATES_MAX];
    struct sheet_submitted sheet = { .has_options = true, .options = options, .gates = gates };
    struct marked_sheet marked;
    struct why why = { { 0 }, { 0 } };
    bool after = false;

    for (const char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        const size_t at = sheet.options_count;

        if (after && sheet.gates_count < RUBRIC_GATES_MAX) {
            gates[sheet.gates_count++].code = slice_text(word);
        } else if (*word == '+') {
            after = true;
        } else if (at < rubric->criterion_count) {
            options[at] = (struct chosen){ slice_text(rubric->criteria[at].key), atoi(word) };
            sheet.options_count++;
        }
    }
    if (scoring_mark_sheet(&set_rules.u.set, rubric, &sheet, &marked, &why)) give_up("sheet", why.sentence);
    scoring_add(&tally, &marked, tally.members ? seat_MEMBER : seat_CHAIR);
    printf("sheet %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", marked.total_hundredths,
           marked.part_hundredths[0], marked.part_hundredths[1], marked.part_hundredths[2]);
}

static void take_rate(const char *words)
{
    static struct rating r;
    int32_t day = 0;

    if (clock_day_parse(slice_text(words), &day) || tally.members == 0) give_up("rate", words);
    scoring_rate(&set_rules.u.set, &rubric_rules.u.rubric, level_PROVINCE, day, &tally, &r);
    printf("rate %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %d %d %d", tally.members,
           tally.sum_hundredths, tally.part_sum_hundredths[0], tally.part_sum_hundredths[1],
           tally.part_sum_hundredths[2], r.star_by_points, r.star_by_marks, r.star);
    for (size_t i = 0; i < r.missed_count; i++)
        printf(" %" PRId64 ":%.*s:%" PRId64 ":%" PRId64, r.missed[i].star, SLICE_ARG(r.missed[i].criterion),
               r.missed[i].needed_hundredths, r.missed[i].reached_sum_hundredths);
    if (r.gate_count) printf(" +");
    for (size_t i = 0; i < r.gate_count; i++)
        printf(" %.*s", SLICE_ARG(r.gates[i].code));
    printf("\n");
    memset(&tally, 0, sizeof tally);
}

int main(void)
{
    static char line[LINE_MAX_BYTES];

    if (hash_init()) return 1;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "law ", 4) == 0)
            take_law(line + 4);
        else if (strncmp(line, "sheet ", 6) == 0)
            take_sheet(line + 6);
        else if (strncmp(line, "rate ", 5) == 0)
            take_rate(line + 5);
        else
            give_up(line, "begin a line with law, sheet or rate");
    }
    return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
