/* describe.c - write down what events.def says, for people (EVENTS.md) and for programs (events.json). */
#include "proto/codec.h"

#include <inttypes.h>
#include <stdio.h>

/* --- events.json --- */

static void json_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void json_member(FILE *out, const char *name, const char *text)
{
    fprintf(out, "\"%s\": ", name);
    json_text(out, text);
}

static void json_words(FILE *out, const struct field *f)
{
    size_t i;

    fprintf(out, ", \"words\": [");
    for (i = 0; f->words[i]; i++) {
        if (i) fprintf(out, ", ");
        json_text(out, f->words[i]);
    }
    fprintf(out, "]");
}

static void json_fields(FILE *out, const struct event_kind *kind, int indent);

static void json_field(FILE *out, const struct field *f, int indent)
{
    fprintf(out, "%*s{", indent, "");
    json_member(out, "name", f->name);
    fprintf(out, ", ");
    json_member(out, "kind", field_kind_names[f->kind]);
    fprintf(out, ", \"required\": %s, \"least\": %" PRId64 ", \"most\": %" PRId64,
            f->required ? "true" : "false", f->least, f->most);
    if (f->words) json_words(out, f);
    if (f->fact) {
        fprintf(out, ", ");
        json_member(out, "fact", f->fact);
    }
    fprintf(out, ", ");
    json_member(out, "doc", f->doc);
    if (f->item) {
        fprintf(out, ",\n%*s ", indent, "");
        json_fields(out, f->item, indent + 2);
    }
    fprintf(out, "}");
}

static void json_fields(FILE *out, const struct event_kind *kind, int indent)
{
    size_t i;

    fprintf(out, "\"fields\": [\n");
    for (i = 0; i < kind->field_count; i++) {
        json_field(out, &kind->fields[i], indent);
        fprintf(out, "%s\n", i + 1 < kind->field_count ? "," : "");
    }
    fprintf(out, "%*s]", indent - 2, "");
}

static void json_event(FILE *out, const struct event_kind *kind)
{
    fprintf(out, "  {");
    json_member(out, "name", kind->name);
    fprintf(out, ", ");
    json_member(out, "type", kind->type);
    fprintf(out, ", ");
    json_member(out, "origin", event_origin_name(kind->origin));
    fprintf(out, ",\n   ");
    json_member(out, "doc", kind->doc);
    fprintf(out, ",\n   ");
    json_fields(out, kind, 5);
    fprintf(out, "}");
}

void describe_json(void *out_file)
{
    FILE *out = out_file;
    size_t i;

    fprintf(out, "[\n");
    for (i = 0; event_kinds[i]; i++) {
        json_event(out, event_kinds[i]);
        fprintf(out, "%s\n", event_kinds[i + 1] ? "," : "");
    }
    fprintf(out, "]\n");
}

/* --- EVENTS.md --- */

static const char introduction[] =
    "# Events\n"
    "\n"
    "Made by `ocop-describe --markdown` from `proto/events.def`; change it there. `events.json` beside this "
    "page\n"
    "says the same to programs.\n"
    "\n"
    "An event is a topic and an envelope. The topic is the type, a dot and a two-digit province code, `00` "
    "for\n"
    "national events: `intake.dossier.filed.06`. The envelope's `data` is a MessagePack map by field name.\n"
    "\n"
    "* **Said by** tells who may publish it. *outside* is any publisher without a reserved name: provinces,\n"
    "  councils, authorities; an operator may say these too. The reserved names are `intake`, `scoring`,\n"
    "  `certification`, `notification`, `courier`, `broker` and `operator`, and each says its own events "
    "only.\n"
    "* A **required** field must be there. A field that is not listed here is skipped. A field that is "
    "missing is\n"
    "  refused with the code FIELD_MISSING, one of another kind with FIELD_KIND, one outside its limits "
    "with\n"
    "  FIELD_RANGE; a map with the same key twice is refused before any field is looked at.\n"
    "* Money is whole VND. Points are whole hundredths: 8750 is 87.5 points. There are no floating-point "
    "numbers.\n"
    "* No field holds a telephone, identity number or home address.\n"
    "\n"
    "| kind | in MessagePack | rule |\n"
    "|---|---|---|\n"
    "| text | str | UTF-8, NFC or NFD as it came; the limit counts letters (code points after NFC); no "
    "control "
    "characters |\n"
    "| id | str | visible ASCII (0x21 to 0x7e), no blanks; the limit counts bytes |\n"
    "| num | integer | whole number |\n"
    "| day | str | a day of the calendar, YYYY-MM-DD, 1900 to 2199 |\n"
    "| flag | boolean | true or false |\n"
    "| bytes | bin | the limit counts bytes |\n"
    "| fact | str | an id of 1 to 64 bytes: that of an outcome of the type named, which must stand before "
    "this "
    "event in the log |\n"
    "| pick | str | one of the words |\n"
    "| list | array | of maps; the limit counts elements; their fields are written `items[].star` |\n";

/* A bar would end the cell. */
static void markdown_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|') fputc('\\', out);
        fputc(*text, out);
    }
}

static void markdown_words(FILE *out, const struct field *f)
{
    size_t i;

    for (i = 0; f->words[i]; i++)
        fprintf(out, "%s`%s`", i ? ", " : "", f->words[i]);
}

static void markdown_limits(FILE *out, const struct field *f)
{
    switch (f->kind) {
    case FIELD_PICK:
        markdown_words(out, f);
        return;
    case FIELD_FACT:
        fprintf(out, "of `%s`", f->fact);
        return;
    case FIELD_DAY:
    case FIELD_FLAG:
        return;
    case FIELD_TEXT:
    case FIELD_ID:
    case FIELD_NUM:
    case FIELD_BYTES:
    case FIELD_LIST:
        break;
    }
    fprintf(out, "%" PRId64, f->least);
    if (f->most != f->least) fprintf(out, " to %" PRId64, f->most);
}

/* `prefix` is "" in an event, "items[]." in its list. Lists of lists are not in events.def; their names would
 * do. */
static void markdown_fields(FILE *out, const struct event_kind *kind, const char *prefix)
{
    char inner[80];
    size_t i;

    for (i = 0; i < kind->field_count; i++) {
        const struct field *f = &kind->fields[i];

        fprintf(out, "| `%s%s` | %s | %s | ", prefix, f->name, field_kind_names[f->kind],
                f->required ? "required" : "optional");
        markdown_limits(out, f);
        fprintf(out, " | ");
        markdown_text(out, f->doc);
        fprintf(out, " |\n");
        if (!f->item) continue;
        snprintf(inner, sizeof inner, "%.40s%.30s[].", prefix, f->name);
        markdown_fields(out, f->item, inner);
    }
}

static void markdown_event(FILE *out, const struct event_kind *kind)
{
    fprintf(out, "\n### %s\n\n", kind->type);
    markdown_text(out, kind->doc);
    fprintf(out, ". Said by *%s*.\n\n", event_origin_name(kind->origin));
    fprintf(out, "| field | kind | need | limits | meaning |\n|---|---|---|---|---|\n");
    markdown_fields(out, kind, "");
}

/* "intake" of "intake.dossier.filed" */
static struct slice context_of(const struct event_kind *kind)
{
    return slice_of(kind->type, strcspn(kind->type, "."));
}

static bool context_seen_before(size_t at)
{
    size_t i;

    for (i = 0; i < at; i++)
        if (slice_equal(context_of(event_kinds[i]), context_of(event_kinds[at]))) return true;
    return false;
}

/* A context's events stand together, though what services say of dead letters comes last in events.def. */
static void markdown_context(FILE *out, struct slice context, size_t from)
{
    size_t i;

    fprintf(out, "\n## %.*s\n", SLICE_ARG(context));
    for (i = from; event_kinds[i]; i++)
        if (slice_equal(context, context_of(event_kinds[i]))) markdown_event(out, event_kinds[i]);
}

void describe_markdown(void *out_file)
{
    FILE *out = out_file;
    size_t i;

    fputs(introduction, out);
    for (i = 0; event_kinds[i]; i++)
        if (!context_seen_before(i)) markdown_context(out, context_of(event_kinds[i]), i);
}
