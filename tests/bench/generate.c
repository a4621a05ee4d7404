#include "tests/bench/generate.h"

#include "common/envelope.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const goods[] = { "Chè shan tuyết", "Miến dong",     "Cà phê rang xay", "Mật ong bạc hà",
                                     "Nước mắm nhĩ",   "Gạo nếp nương", "Tinh bột nghệ",   "Bưởi da xanh",
                                     "Trà túi lọc",    "Rượu men lá" };
static const char *const places[] = { "Hồng Thái", "Tài Hoan",  "Buôn Hồ", "Yên Minh",   "Phú Quốc",
                                      "Tú Lệ",     "Bằng Phúc", "Bến Tre", "Thái Nguyên" };
/* The 63 of 2004 to 30/06/2025, by the code of the statistics office. */
static const char *const provinces[] = { "01", "02", "04", "06", "08", "10", "11", "12", "14", "15", "17",
                                         "19", "20", "22", "24", "25", "26", "27", "30", "31", "33", "34",
                                         "35", "36", "37", "38", "40", "42", "44", "45", "46", "48", "49",
                                         "51", "52", "54", "56", "58", "60", "62", "64", "66", "67", "68",
                                         "70", "72", "74", "75", "77", "79", "80", "82", "83", "84", "86",
                                         "87", "89", "91", "92", "93", "94", "95", "96" };
static const char filler[] = "giả lập để đo; không phải hồ sơ thật. ";

enum {
    GOODS = sizeof goods / sizeof *goods,
    PLACES = sizeof places / sizeof *places,
    PROVINCES = sizeof provinces / sizeof *provinces
};

/* SplitMix64, by Sebastiano Vigna (public domain): small, and the same everywhere. */
static uint64_t draw(struct generator *g)
{
    uint64_t z = g->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void generate_begin(struct generator *g, uint64_t seed, const char *source)
{
    memset(g, 0, sizeof *g);
    g->state = seed;
    snprintf(g->source, sizeof g->source, "%s", source);
}

void generate_end(struct generator *g)
{
    buf_fini(&g->data);
}

const char *generate_province(unsigned n)
{
    return provinces[n % PROVINCES];
}

static void pair(msgpack_packer *p, const char *name, const char *value)
{
    buf_pack_text(p, name);
    buf_pack_text(p, value);
}

/* Whole letters of the filler, about `size` bytes. */
static struct slice remark(size_t size)
{
    while (size > 0 && ((unsigned char)filler[size % (sizeof filler - 1)] & 0xc0) == 0x80)
        size--;
    return slice_of(filler, size < sizeof filler - 1 ? size : sizeof filler - 1);
}

enum err generate_event(struct generator *g, uint64_t n, struct buf *topic, struct buf *envelope)
{
    const char *province = provinces[draw(g) % PROVINCES];
    char reference[32], name[96], id[33];
    struct envelope e = { .id = slice_of(id, 32), .type = slice_text("intake.dossier.filed") };
    msgpack_packer p;
    size_t fixed;

    snprintf(reference, sizeof reference, "HS-%s-%07" PRIu64, province, n);
    snprintf(name, sizeof name, "%s %s", goods[draw(g) % GOODS], places[draw(g) % PLACES]);
    snprintf(id, sizeof id, "%016" PRIx64 "%016" PRIx64, draw(g), n);
    buf_clear(topic);
    buf_printf(topic, "intake.dossier.filed.%s", province);
    buf_clear(&g->data);
    msgpack_packer_init(&p, &g->data, buf_pack_write);
    msgpack_pack_map(&p, 6);
    pair(&p, "reference", reference);
    pair(&p, "province", province);
    pair(&p, "product", name);
    pair(&p, "owner", places[draw(g) % PLACES]);
    pair(&p, "kind", "first");
    e.source = slice_text(g->source);
    e.subject = slice_text(reference);
    e.time_ms = 1780000000000 + (int64_t)n;
    fixed = g->data.size + 150 + strlen(g->source); /* the attributes around it */
    buf_pack_text(&p, "remark");
    buf_pack_str(&p, remark(fixed < GENERATE_BYTES ? GENERATE_BYTES - fixed : 1));
    buf_clear(envelope);
    return envelope_write(&e, buf_slice(&g->data), envelope);
}
