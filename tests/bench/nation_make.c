/* nation_make.c - the events of a nation's year, each through the codec that services read with. */
#include "tests/bench/nation.h"

#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_CHUNK = 1 << 20 };

static const char remark[] = "synthetic: giả lập để đo tốc độ; không phải hồ sơ, phiếu hay quyết định thật";
static const char rule_set[] = "QD26_2026", rubric[] = "qd-26-2026-13-ca-phe-ca-cao";
static const char *const goods[] = { "Cà phê rang xay",     "Cà phê bột nguyên chất", "Cà phê nhân xanh",
                                     "Cà phê đặc sản",      "Sô cô la đen",           "Bột ca cao",
                                     "Cà phê hòa tan 3in1", "Trà vỏ cà phê cascara" };
static const char *const places[] = { "Hồng Thái", "Buôn Hồ",   "Yên Minh",  "Tú Lệ",      "Bằng Phúc",
                                      "Khe Sanh",  "Mường Ảng", "Cư M'gar",  "Chiềng Ban", "Lạc Dương",
                                      "A Lưới",    "Đắk Mil",   "Chư Prông", "Cầu Đất",    "Hướng Phùng" };
static const char *const findings[topic_COUNT] = {
    "Nguyên liệu cà phê do 47 hộ trong xã trồng trên 62 ha, có hợp đồng liên kết từng vụ, chiếm trên 75% "
    "tổng "
    "nguyên liệu (giả lập).",
    "Sử dụng 23 lao động địa phương, trong đó 14 lao động nữ và 9 người dân tộc thiểu số, có hợp đồng (giả "
    "lập).",
    "Ý tưởng do chính chủ thể phát triển từ cách rang truyền thống của thôn, không sao chép sản phẩm khác "
    "(giả lập).",
    "Sản phẩm gắn với vùng đất đỏ bazan và câu chuyện của buôn làng, thể hiện trên bao bì và trang điện tử "
    "(giả lập)."
};
static const char *const papers[] = { "registration_form", "self_assessment", "commune_report",
                                      "commune_proposal" };

enum {
    GOODS = sizeof goods / sizeof *goods,
    PLACES = sizeof places / sizeof *places,
    PAPERS = sizeof papers / sizeof *papers
};

void nation_die(const char *what, const char *why)
{
    fprintf(stderr, "nation: %s: %s\n", what, why);
    exit(1);
}

const char *nation_option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0) return argv[i + 1];
    if (!otherwise) nation_die(name, "is needed");
    return otherwise;
}

struct slice nation_keep(const void *data, size_t size)
{
    static char *at;
    static size_t left;
    char *copy;

    if (size > left) {
        left = size > ARENA_CHUNK ? size : ARENA_CHUNK;
        at = malloc(left);
        if (!at) nation_die("memory", "there is none");
    }
    copy = memcpy(at, data, size);
    at += size;
    left -= size;
    return slice_of(copy, size);
}

/* 16 hex digits of the seed, 6 that are always the same, 2 for the kind, 8 that count. */
static void id_of(const struct nation_plan *p, char kind, size_t index, char id[33])
{
    snprintf(id, 33, "%016llx%06x%02x%08zx", (unsigned long long)p->seed, 0x0c0bu, (unsigned)kind, index);
}

bool nation_index_of(struct slice id, char kind, size_t *index)
{
    char text[33];

    if (id.size != 32) return false;
    memcpy(text, id.data, 32);
    text[32] = 0;
    *index = strtoull(text + 24, NULL, 16);
    text[24] = 0;
    return strtoul(text + 22, NULL, 16) == (unsigned char)kind;
}

static struct nation_event event(const struct nation_plan *p, char kind, size_t index,
                                 const struct event_kind *which, struct slice province, struct slice subject,
                                 const void *data)
{
    struct buf packed = { 0 }, out = { 0 };
    struct nation_event made;
    struct why why = { 0 };
    char id[33], topic[TOPIC_MAX + 1], source[32];
    struct envelope e = { .type = slice_text(which->type), .subject = subject };

    id_of(p, kind, index, id);
    snprintf(topic, sizeof topic, "%s.%.*s", which->type, SLICE_ARG(province));
    snprintf(source, sizeof source, "nation-%.*s", SLICE_ARG(province));
    e.id = slice_text(id);
    e.source = slice_text(source);
    e.time_ms = clock_day_start_ms(p->first_day) + (int64_t)index;
    if (codec_encode(which, data, &packed, &why)) nation_die(which->type, why.sentence);
    if (envelope_write(&e, buf_slice(&packed), &out))
        nation_die(which->type, "its envelope cannot be written");
    made.topic = nation_keep(topic, strlen(topic));
    made.envelope = nation_keep(out.data, out.size);
    buf_fini(&packed);
    buf_fini(&out);
    return made;
}

/* --- dossiers --- */

static void round_of(const struct nation_plan *p, unsigned month, char out[16])
{
    int year, m, d;

    clock_day_civil(nation_day_of_month(p, month), &year, &m, &d);
    snprintf(out, 16, "%d-%d", year, m <= 6 ? 1 : 2);
}

/* Digests need not be of anything: they are as long as real ones, and differ. */
static void papers_of(const struct nation_plan *p, size_t index, struct evidence items[PAPERS],
                      char names[PAPERS][64], char digests[PAPERS][2 * HASH_BYTES + 1])
{
    for (size_t i = 0; i < PAPERS; i++) {
        const uint64_t parts[] = { p->seed, index, i };
        const struct slice bytes = slice_of(parts, sizeof parts);
        const struct hash h = hash_parts(&bytes, 1);

        hash_hex(&h, digests[i]);
        snprintf(names[i], sizeof names[i], "%s-%05zu.pdf", papers[i], index);
        items[i] = (struct evidence){ .item = slice_text(papers[i]),
                                      .has_name = true,
                                      .name = slice_text(names[i]),
                                      .has_bytes = true,
                                      .bytes = 100000 + (int64_t)(parts[0] % 977 + index * 37 + i),
                                      .has_digest = true,
                                      .digest = slice_text(digests[i]) };
    }
}

static struct nation_event dossier(const struct nation_plan *p, size_t index, bool complete)
{
    const struct nation_product *product = &p->products[index];
    const struct nation_province *province = &p->provinces[product->province];
    const char *place = places[(index / 3) % PLACES];
    const int32_t day = nation_day_of_month(p, province->month);
    char reference[24], name[128], owner[128], commune[8], round[16], proposal[48];
    char names[PAPERS][64], digests[PAPERS][2 * HASH_BYTES + 1];
    struct evidence items[PAPERS];
    struct assessment found[topic_COUNT];

    snprintf(reference, sizeof reference, "HS-%s-%05zu", province->code, index);
    snprintf(name, sizeof name, "%s %s số %zu", goods[index % GOODS], place, index);
    snprintf(owner, sizeof owner, "Hợp tác xã nông nghiệp và dịch vụ %s %zu (giả lập)", place, index / 2);
    snprintf(commune, sizeof commune, "%05zu", 1 + (index / 6) % 32000);
    snprintf(proposal, sizeof proposal, "%zu/TTr-UBND-GIA-LAP", index);
    round_of(p, province->month, round);
    papers_of(p, index, items, names, digests);
    for (int i = 0; i < topic_COUNT; i++)
        found[i] = (struct assessment){ (enum topic)i, slice_text(findings[i]) };
    return event(p, complete ? 'd' : 'g', index, &dossier_filed_kind, slice_text(province->code),
                 slice_text(reference),
                 &(struct dossier_filed){ .reference = slice_text(reference),
                                          .province = slice_text(province->code),
                                          .has_kind = true,
                                          .kind = dossier_kind_FIRST,
                                          .has_product = true,
                                          .product = slice_text(name),
                                          .has_owner = true,
                                          .owner = slice_text(owner),
                                          .has_owner_kind = true,
                                          .owner_kind = owner_kind_COOPERATIVE,
                                          .has_commune_code = true,
                                          .commune_code = slice_text(commune),
                                          .has_commune = true,
                                          .commune = slice_text(place),
                                          .has_round = true,
                                          .round = slice_text(round),
                                          .has_rule_set = true,
                                          .rule_set = slice_text(rule_set),
                                          .has_rubric = true,
                                          .rubric = slice_text(rubric),
                                          .has_items = true,
                                          .items = items,
                                          .items_count = complete ? PAPERS : PAPERS - 1,
                                          .has_received_on = true,
                                          .received_on = day,
                                          .has_assessments = true,
                                          .assessments = found,
                                          .assessments_count = topic_COUNT,
                                          .has_proposal = true,
                                          .proposal = slice_text(proposal),
                                          .has_proposed_on = true,
                                          .proposed_on = day,
                                          .has_samples = true,
                                          .samples = 5,
                                          .has_remark = true,
                                          .remark = slice_text(remark) });
}

/* --- councils and sheets --- */

static void council_of(const struct nation_plan *p, unsigned province, char out[32])
{
    char round[16];

    round_of(p, p->provinces[province].month, round);
    snprintf(out, 32, "HD-%s-%s", p->provinces[province].code, round);
}

static void member_of(size_t i, char out[16])
{
    snprintf(out, 16, "thanh-vien-%zu", i + 1);
}

static struct nation_event council(const struct nation_plan *p, unsigned province)
{
    const struct slice code = slice_text(p->provinces[province].code);
    struct council_member members[NATION_MEMBERS];
    char name[32], round[16], ids[NATION_MEMBERS][16], decision[48];

    council_of(p, province, name);
    round_of(p, p->provinces[province].month, round);
    snprintf(decision, sizeof decision, "%u/QĐ-UBND-GIA-LAP", 1000 + province);
    for (size_t i = 0; i < NATION_MEMBERS; i++) {
        member_of(i, ids[i]);
        members[i] = (struct council_member){ slice_text(ids[i]), i == 0 ? seat_CHAIR : seat_MEMBER };
    }
    return event(p, 'c', province, &council_formed_kind, code, slice_text(name),
                 &(struct council_formed){ .council = slice_text(name),
                                           .level = level_PROVINCE,
                                           .province = code,
                                           .round = slice_text(round),
                                           .rule_set = slice_text(rule_set),
                                           .has_decision = true,
                                           .decision = slice_text(decision),
                                           .members = members,
                                           .members_count = NATION_MEMBERS,
                                           .has_remark = true,
                                           .remark = slice_text(remark) });
}

/* The id of the dossier.accepted is known before there is one: a hash of what it answers. */
static struct nation_event sheet(const struct nation_plan *p, size_t index, size_t member)
{
    const struct nation_product *product = &p->products[index];
    const int *options = p->profiles[product->profile].options[member];
    struct chosen chosen[NATION_CRITERIA_MAX];
    char filed[33], dossier_id[33], name[32], id[16];

    id_of(p, 'd', index, filed);
    envelope_outcome_id(slice_text("intake"), slice_text(filed), slice_text(dossier_accepted_kind.type), 0,
                        dossier_id);
    council_of(p, product->province, name);
    member_of(member, id);
    for (size_t i = 0; i < p->criterion_count; i++)
        chosen[i] = (struct chosen){ slice_text(p->criteria[i]), options[i] };
    return event(p, 's', index * NATION_MEMBERS + member, &sheet_submitted_kind,
                 slice_text(p->provinces[product->province].code), slice_text(name),
                 &(struct sheet_submitted){ .council = slice_text(name),
                                            .member = slice_text(id),
                                            .dossier = slice_text(dossier_id),
                                            .has_options = true,
                                            .options = chosen,
                                            .options_count = p->criterion_count,
                                            .has_remark = true,
                                            .remark = slice_text(remark) });
}

/* --- the plan's --- */

static void make_product(struct nation_plan *p, size_t index)
{
    struct nation_product *product = &p->products[index];

    product->dossier = dossier(p, index, true);
    if (product->gap) product->incomplete = dossier(p, index, false);
    for (size_t i = 0; i < NATION_MEMBERS; i++)
        product->sheets[i] = sheet(p, index, i);
}

void nation_make_events(struct nation_plan *p, size_t first, size_t count)
{
    for (unsigned i = 0; i < NATION_PROVINCES; i++)
        p->provinces[i].council = council(p, i);
    for (size_t i = 0; i < count; i++)
        make_product(p, first + i);
}

/* --- what depends on the log --- */

struct nation_event nation_closing(const struct nation_plan *p, unsigned province, int32_t day)
{
    char name[32];

    council_of(p, province, name);
    return event(p, 'r', province, &round_closed_kind, slice_text(p->provinces[province].code),
                 slice_text(name),
                 &(struct round_closed){ .council = slice_text(name),
                                         .closed_on = day,
                                         .has_remark = true,
                                         .remark = slice_text(remark) });
}

struct nation_event nation_decision(const struct nation_plan *p, unsigned province, size_t number,
                                    int32_t day, const struct decision_item *items, size_t count)
{
    const struct slice code = slice_text(p->provinces[province].code);
    char text[48];

    snprintf(text, sizeof text, "%zu/QĐ-UBND-GIA-LAP", number + 1);
    return event(p, 'q', province * 10000 + number, &decision_signed_kind, code, slice_text(text),
                 &(struct decision_signed){ .number = slice_text(text),
                                            .signed_on = day,
                                            .authority = authority_PROVINCE,
                                            .province = code,
                                            .items = items,
                                            .items_count = count,
                                            .has_remark = true,
                                            .remark = slice_text(remark) });
}

struct nation_event nation_receipt(const struct nation_plan *p, size_t number, struct slice province,
                                   struct slice message, int32_t day)
{
    return event(p, 'm', number, &receipt_filed_kind, province, message,
                 &(struct receipt_filed){ .message = message, .received_on = day });
}

struct nation_event nation_probe(const struct nation_plan *p, size_t number)
{
    static const char chain[] = "00000000000000000000000000000000ffffffffffffffffffffffffffffffff";

    return event(p, 'p', number, &backup_made_kind, slice_text("00"), slice_text("probe"),
                 &(struct backup_made){ .head = 1, .chain = slice_text(chain), .files = 1 });
}

struct nation_event nation_rules(const struct nation_plan *p, const char *name, struct slice bytes)
{
    static size_t number;

    return event(p, 'l', number++, &rules_proposed_kind, slice_text("00"), slice_text(name),
                 &(struct rules_proposed){ .name = slice_text(name), .bytes = bytes });
}
