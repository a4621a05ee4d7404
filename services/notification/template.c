#include "services/notification/template.h"

#include "common/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char subject_mark[] = "Subject: ";

/* Some reasons travel as words of events.def: the six grounds of withdrawal, which people read as
 * 26/2026/QĐ-TTg Art. 8 has them, and what a newer certificate is to the older one. */
static const struct {
    const char *word;
    const char *text[LANGUAGES];
} reasons[] = {
    { "untrue_dossier", { "hồ sơ không trung thực hoặc giả mạo", "the dossier is untrue or forged" } },
    { "criteria_lost", { "không còn đáp ứng tiêu chí", "the product no longer meets the criteria" } },
    { "law_broken",
      { "vi phạm pháp luật về chất lượng, an toàn thực phẩm, môi trường, sở hữu trí tuệ, nhãn hàng hóa hoặc "
        "pháp luật khác",
        "breach of law on quality, food safety, environment, intellectual property, labels or other" } },
    { "mark_misused", { "sử dụng sai nhãn hiệu chứng nhận OCOP", "misuse of the OCOP certification mark" } },
    { "production_stopped", { "không còn sản xuất", "the product is no longer made" } },
    { "other_finding", { "kết luận khác của cơ quan có thẩm quyền", "another finding of a competent body" } },
    { "renewed", { "đánh giá, phân hạng lại", "rated again" } },
    { "upgraded", { "nâng hạng sao", "upgraded to more stars" } },
    { "lowered", { "hạ hạng sao", "lowered to fewer stars" } },
};

/* What a text can be filled with. */
struct letter {
    const struct message_queued *m;
    struct slice to;
    enum language language;
};

static void add_value(struct buf *out, struct slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];

        buf_add(out, (unsigned char)c < 0x20 || c == 0x7f ? " " : &c, 1);
    }
}

static void add_optional(struct buf *out, bool has, struct slice value)
{
    add_value(out, has && value.size > 0 ? value : slice_text("-"));
}

static void add_number(struct buf *out, bool has, int64_t value)
{
    if (has)
        buf_printf(out, "%" PRId64, value);
    else
        buf_add_text(out, "-");
}

static void fill_to(struct buf *out, const struct letter *l)
{
    add_value(out, l->to);
}

static void fill_message(struct buf *out, const struct letter *l)
{
    add_value(out, l->m->message);
}

static void fill_product(struct buf *out, const struct letter *l)
{
    add_optional(out, l->m->has_product, l->m->product);
}

static void fill_name(struct buf *out, const struct letter *l)
{
    add_optional(out, l->m->has_name, l->m->name);
}

static void fill_certificate(struct buf *out, const struct letter *l)
{
    add_optional(out, l->m->has_certificate, l->m->certificate);
}

static void fill_number(struct buf *out, const struct letter *l)
{
    add_optional(out, l->m->has_number, l->m->number);
}

static void fill_star(struct buf *out, const struct letter *l)
{
    add_number(out, l->m->has_star, l->m->star);
}

static void fill_members(struct buf *out, const struct letter *l)
{
    add_number(out, l->m->has_members, l->m->members);
}

static void fill_open(struct buf *out, const struct letter *l)
{
    add_number(out, l->m->has_open, l->m->open);
}

static void fill_mean(struct buf *out, const struct letter *l)
{
    char text[32];

    template_mean(l->m->has_sum_hundredths ? l->m->sum_hundredths : 0, l->m->has_members ? l->m->members : 0,
                  l->language, text, sizeof text);
    buf_add_text(out, text);
}

static void fill_day(struct buf *out, const struct letter *l)
{
    int year, month, day;

    if (!l->m->has_day) {
        buf_add_text(out, "-");
        return;
    }
    clock_day_civil(l->m->day, &year, &month, &day);
    if (l->language == LANGUAGE_VI)
        buf_printf(out, "%02d/%02d/%04d", day, month, year);
    else
        buf_printf(out, "%04d-%02d-%02d", year, month, day);
}

static void fill_reason(struct buf *out, const struct letter *l)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (l->m->has_reason && slice_is(l->m->reason, reasons[i].word)) {
            buf_add_text(out, reasons[i].text[l->language]);
            return;
        }
    add_optional(out, l->m->has_reason, l->m->reason);
}

static const struct placeholder {
    const char *name;
    void (*fill)(struct buf *out, const struct letter *l);
} placeholders[] = {
    { "to", fill_to },
    { "message", fill_message },
    { "product", fill_product },
    { "name", fill_name },
    { "certificate", fill_certificate },
    { "number", fill_number },
    { "star", fill_star },
    { "mean", fill_mean },
    { "members", fill_members },
    { "day", fill_day },
    { "reason", fill_reason },
    { "open", fill_open },
};

static const struct placeholder *find_placeholder(struct slice name)
{
    for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++)
        if (slice_is(name, placeholders[i].name)) return &placeholders[i];
    return NULL;
}

void template_mean(int64_t sum_hundredths, int64_t members, enum language language, char *out, size_t size)
{
    int64_t mean;

    if (members <= 0) {
        snprintf(out, size, "-");
        return;
    }
    mean = sum_hundredths / members;
    snprintf(out, size, "%" PRId64 "%c%02d%s", mean / 100, language == LANGUAGE_VI ? ',' : '.',
             (int)(mean % 100), sum_hundredths % members ? "…" : "");
}

/* Copy a pattern, replacing {placeholders}. With `l` NULL only look whether each is known. */
static enum err fill(struct slice pattern, const struct letter *l, struct buf *out, struct why *why)
{
    size_t i = 0;

    while (i < pattern.size) {
        struct slice rest = slice_of(pattern.data + i, pattern.size - i);
        const char *open = memchr(rest.data, '{', rest.size);
        size_t plain = open ? (size_t)(open - rest.data) : rest.size;
        const struct placeholder *p;
        const char *close;
        struct slice name;

        if (l) buf_add(out, rest.data, plain);
        i += plain;
        if (!open) break;
        close = memchr(open, '}', rest.size - plain);
        name = close ? slice_of(open + 1, (size_t)(close - open) - 1) : slice_of(open, rest.size - plain);
        p = close ? find_placeholder(name) : NULL;
        if (!p)
            return why_set(why, ERR_CONFIG, "TEMPLATE", "{%.*s} is no placeholder; template.h lists them",
                           name.size > 40 ? 40 : (int)name.size, name.data);
        if (l) p->fill(out, l);
        i += name.size + 2;
    }
    return ERR_NONE;
}

/* Split "Subject: ...\n\nbody". */
static enum err split(struct slice text, struct slice *subject, struct slice *body, struct why *why)
{
    size_t mark = sizeof subject_mark - 1;
    const char *end;

    if (!slice_starts(text, slice_of(subject_mark, mark)) || !(end = memchr(text.data, '\n', text.size)))
        return why_set(why, ERR_CONFIG, "TEMPLATE", "the first line is not \"Subject: ...\"");
    *subject = slice_of(text.data + mark, (size_t)(end - text.data) - mark);
    if (subject->size > 0 && subject->data[subject->size - 1] == '\r') subject->size--;
    *body = slice_of(end + 1, text.size - (size_t)(end - text.data) - 1);
    while (body->size > 0 && (body->data[0] == '\n' || body->data[0] == '\r')) {
        body->data++;
        body->size--;
    }
    return ERR_NONE;
}

enum err template_render(const char *text, enum language language, const struct message_queued *m,
                         struct slice to, struct buf *subject, struct buf *body, struct why *why)
{
    const struct letter l = { m, to, language };
    struct slice line, rest;
    enum err e = split(slice_text(text), &line, &rest, why);

    if (!e) e = fill(line, &l, subject, why);
    if (!e) e = fill(rest, &l, body, why);
    if (!e) e = subject->failed ? subject->failed : body->failed;
    return e;
}

static enum err check(const char *text, struct why *why)
{
    struct slice line, rest;
    enum err e = split(slice_text(text), &line, &rest, why);

    if (!e) e = fill(line, NULL, NULL, why);
    if (!e) e = fill(rest, NULL, NULL, why);
    return e;
}

/* Read a whole file as text. *out stays NULL when there is none. */
static enum err read_text(const char *path, char **out, struct why *why)
{
    FILE *f = fopen(path, "re");
    enum err e = ERR_NONE;
    char *text;
    size_t size;

    if (!f && errno == ENOENT) return ERR_NONE;
    if (!f) return why_set(why, ERR_IO, "TEMPLATE", "%s cannot be read: %s", path, strerror(errno));
    text = malloc(TEMPLATE_BYTES_MAX + 1);
    size = text ? fread(text, 1, TEMPLATE_BYTES_MAX + 1, f) : 0;
    if (!text)
        e = ERR_NOMEM;
    else if (ferror(f))
        e = why_set(why, ERR_IO, "TEMPLATE", "%s cannot be read", path);
    else if (size > TEMPLATE_BYTES_MAX || memchr(text, '\0', size))
        e = why_set(why, ERR_CONFIG, "TEMPLATE", "%s is no text of at most %d bytes", path,
                    (int)TEMPLATE_BYTES_MAX);
    (void)fclose(f);
    if (e) {
        free(text);
        return e;
    }
    text[size] = '\0';
    *out = text;
    return ERR_NONE;
}

static enum err load_one(struct template_set *set, size_t i, enum language language, const char *folder,
                         struct why *why)
{
    static const char *const endings[LANGUAGES] = { "vi.txt", "en.txt" };
    struct why inner = { 0 };
    char path[512];
    enum err e;

    set->text[i][language] = templates_text[i].text[language];
    if (!folder) return ERR_NONE;
    if (snprintf(path, sizeof path, "%s/%s.%s", folder, templates_text[i].name, endings[language]) >=
        (int)sizeof path)
        return why_set(why, ERR_CONFIG, "TEMPLATE", "the path of the templates' folder is too long");
    e = read_text(path, &set->owned[i][language], why);
    if (e || !set->owned[i][language]) return e;
    set->text[i][language] = set->owned[i][language];
    e = check(set->text[i][language], &inner);
    return e ? why_set(why, e, inner.code, "%s: %s", path, inner.sentence) : ERR_NONE;
}

enum err template_set_load(struct template_set *set, const char *folder, struct why *why)
{
    enum err e = ERR_NONE;

    memset(set, 0, sizeof *set);
    for (size_t i = 0; !e && i < TEMPLATES_MAX && templates_text[i].name; i++) {
        e = load_one(set, i, LANGUAGE_VI, folder, why);
        if (!e) e = load_one(set, i, LANGUAGE_EN, folder, why);
    }
    return e;
}

void template_set_fini(struct template_set *set)
{
    for (size_t i = 0; i < TEMPLATES_MAX; i++)
        for (size_t language = 0; language < LANGUAGES; language++)
            free(set->owned[i][language]);
    memset(set, 0, sizeof *set);
}

const char *template_find(const struct template_set *set, struct slice name, enum language language)
{
    for (size_t i = 0; i < TEMPLATES_MAX && templates_text[i].name; i++)
        if (slice_is(name, templates_text[i].name)) return set->text[i][language];
    return NULL;
}
