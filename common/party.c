#include "common/party.h"

#include "common/buf.h"
#include "common/zpl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PARTY_PATH_MAX = 1024, PUBLIC_MODE = 0644, SECRET_MODE = 0600 };

/* --- what it says --- */

bool party_role_valid(const char *role)
{
    size_t size = strlen(role);

    return size >= 1 && size <= PARTY_ROLE_MAX && role[strspn(role, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum err party_set_provinces(struct party *p, const char *text, struct why *why)
{
    struct party said = { .everywhere = strcmp(text, "all") == 0 };

    while (!said.everywhere && *text) {
        bool more = text[0] && text[1] && text[2] == ',' && text[3];

        if (!is_digit(text[0]) || !is_digit(text[1]) || (text[2] && !more) ||
            said.province_count == PARTY_PROVINCES_MAX)
            return why_set(
                why, ERR_INVALID, "PROVINCE",
                "A province is two digits, as 06; several (at most %d) are parted by commas, as 19,06; "
                "a national party has \"all\".",
                PARTY_PROVINCES_MAX);
        memcpy(said.provinces[said.province_count++], text, 2);
        text += more ? 3 : 2;
    }
    memcpy(p->provinces, said.provinces, sizeof p->provinces);
    p->province_count = said.province_count;
    p->everywhere = said.everywhere;
    return ERR_NONE;
}

void party_provinces_text(const struct party *p, char out[PARTY_PROVINCES_TEXT + 1])
{
    size_t at = 0;

    snprintf(out, PARTY_PROVINCES_TEXT + 1, "%s", p->everywhere ? "all" : "");
    for (size_t i = 0; i < p->province_count; i++)
        at +=
            (size_t)snprintf(out + at, PARTY_PROVINCES_TEXT + 1 - at, "%s%s", i ? "," : "", p->provinces[i]);
}

bool party_same(const struct party *a, const struct party *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->role, b->role) == 0 && strcmp(a->key, b->key) == 0 &&
           a->everywhere == b->everywhere && a->province_count == b->province_count &&
           memcmp(a->provinces, b->provinces, sizeof a->provinces) == 0;
}

/* --- reading --- */

struct reading {
    const char *file;
    struct party party;
    struct bus_identity keys;
    struct why *why;
};

static enum err unusable(const struct reading *r, const char *what)
{
    return why_set(r->why, ERR_CONFIG, "KEY", "%s is no certificate: %s; `ocop keys new` makes one.", r->file,
                   what);
}

static enum err take_text(const struct reading *r, char *to, size_t room, const char *value, const char *what)
{
    if (strlen(value) >= room) return unusable(r, what);
    snprintf(to, room, "%s", value);
    return ERR_NONE;
}

static enum err take(void *context, const char *path, const char *value)
{
    struct reading *r = context;

    if (!strcmp(path, "metadata/name"))
        return take_text(r, r->party.name, sizeof r->party.name, value, "its name is too long");
    if (!strcmp(path, "metadata/role"))
        return take_text(r, r->party.role, sizeof r->party.role, value, "its role is too long");
    if (!strcmp(path, "metadata/province"))
        return party_set_provinces(&r->party, value, NULL)
                   ? unusable(r, "metadata/province must be as 06, 19,06, or all")
                   : ERR_NONE;
    if (!strcmp(path, "curve/public-key"))
        return take_text(r, r->keys.public_key, sizeof r->keys.public_key, value,
                         "its public key is too long");
    if (!strcmp(path, "curve/secret-key"))
        return take_text(r, r->keys.secret_key, sizeof r->keys.secret_key, value,
                         "its secret key is too long");
    return ERR_NONE;
}

static bool key_text_valid(const char *key)
{
    static const char letters[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

    return strlen(key) == BUS_KEY_TEXT && key[strspn(key, letters)] == '\0';
}

/* NAME of .../NAME.key or NAME.key_secret: so nobody is under two names, and a listing tells who is there. */
static bool file_is_called(const char *file, const char *name, const char *suffix)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
    size_t size = strlen(name);

    return strncmp(base, name, size) == 0 && strcmp(base + size, suffix) == 0;
}

static enum err read_file(struct reading *r, const char *suffix)
{
    struct party *p = &r->party;
    enum err e = zpl_walk(r->file, take, r, r->why);

    if (e) return e;
    if (!key_text_valid(r->keys.public_key)) return unusable(r, "curve/public-key must be 40 letters of Z85");
    if (!publisher_valid(slice_text(p->name))) return unusable(r, "metadata/name must be a publisher's name");
    if (!party_role_valid(p->role)) return unusable(r, "metadata/role must be a role of the policy");
    if (!file_is_called(r->file, p->name, suffix))
        return unusable(r, "the file must be called as metadata/name says, and .key or .key_secret");
    memcpy(p->key, r->keys.public_key, sizeof p->key);
    return ERR_NONE;
}

enum err party_read(const char *file, struct party *out, struct why *why)
{
    struct reading r = { .file = file, .why = why };
    enum err e = read_file(&r, ".key");

    if (!e) *out = r.party;
    return e;
}

static enum err check_secrecy(const char *file, struct why *why)
{
    struct stat st;

    if (stat(file, &st) != 0)
        return why_set(why, ERR_CONFIG, "KEY", "The secret key %s cannot be read: %s.", file,
                       strerror(errno));
    if (!S_ISREG(st.st_mode))
        return why_set(why, ERR_CONFIG, "KEY", "%s is no file with a secret key.", file);
    if ((st.st_mode & 077) == 0) return ERR_NONE;
    return why_set(
        why, ERR_CONFIG, "KEY_NOT_SECRET",
        "Others may read the secret key %s (mode %03o): take it for known to them, make a new one, and "
        "give it mode 600.",
        file, (unsigned)(st.st_mode & 0777));
}

enum err party_read_secret(const char *file, struct party *out, struct bus_identity *keys, struct why *why)
{
    struct reading r = { .file = file, .why = why };
    enum err e = check_secrecy(file, why);

    if (!e) e = read_file(&r, ".key_secret");
    if (!e && !key_text_valid(r.keys.secret_key))
        e = unusable(&r, "curve/secret-key must be 40 letters of Z85");
    if (!e && !bus_keys_pair(&r.keys)) e = unusable(&r, "its public key does not belong to its secret key");
    if (e) return e;
    *out = r.party;
    *keys = r.keys;
    return ERR_NONE;
}

enum err party_identify(const char *secret_file, int handshake_ms, struct party *out, struct why *why)
{
    struct bus_identity keys = { .handshake_ms = 0 };
    enum err e = party_read_secret(secret_file, out, &keys, why);

    keys.handshake_ms = handshake_ms;
    if (!e) bus_identify(&keys);
    bus_keys_forget(&keys);
    return e == ERR_IO ? ERR_CONFIG : e;
}

enum err party_trust(const char *endpoint, const char *file, struct why *why)
{
    struct party them;
    enum err e = party_read(file, &them, why);

    if (!e) e = bus_trust(endpoint, them.key, why);
    return e == ERR_IO ? ERR_CONFIG : e;
}

/* --- making --- */

static void write_text(struct buf *out, const struct party *p, const struct bus_identity *keys, bool secret)
{
    char provinces[PARTY_PROVINCES_TEXT + 1];

    party_provinces_text(p, provinces);
    buf_printf(out, "#   ZeroMQ CURVE %s certificate of OCOP, made by `ocop keys new`.\n",
               secret ? "**secret**" : "public");
    buf_add_text(out, secret ? "#   Whoever can read this file is this party. Never give it away.\n"
                             : "#   Lies in the folder of keys of the broker and the services.\n");
    buf_printf(out, "metadata\n    name = \"%s\"\n    role = \"%s\"\n", p->name, p->role);
    if (provinces[0]) buf_printf(out, "    province = \"%s\"\n", provinces);
    buf_printf(out, "curve\n    public-key = \"%s\"\n", keys->public_key);
    if (secret) buf_printf(out, "    secret-key = \"%s\"\n", keys->secret_key);
}

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.size) {
        ssize_t done = write(fd, bytes.data, bytes.size);

        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        bytes = slice_of(bytes.data + done, bytes.size - (size_t)done);
    }
    return true;
}

/* Under a name that nobody reads first, so that it is there whole or not at all, and never over another. */
static enum err write_file(const char *path, mode_t mode, struct slice bytes, struct why *why)
{
    char draft[PARTY_PATH_MAX + 32];
    enum err e = ERR_NONE;
    int fd;

    snprintf(draft, sizeof draft, "%s.%ld.new", path, (long)getpid());
    fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) return why_set(why, ERR_IO, "KEY", "%s cannot be written: %s.", path, strerror(errno));
    if (fchmod(fd, mode) != 0 || !write_all(fd, bytes) || fsync(fd) != 0)
        e = why_set(why, ERR_IO, "KEY", "%s cannot be written: %s.", path, strerror(errno));
    else if (link(draft, path) != 0)
        e = errno == EEXIST ? why_set(why, ERR_CONFIG, "KEY",
                                      "%s is there already; revoke it first, or choose another name.", path)
                            : why_set(why, ERR_IO, "KEY", "%s cannot be written: %s.", path, strerror(errno));
    close(fd);
    unlink(draft);
    return e;
}

static enum err write_pair(const char *folder, const struct party *p, const struct bus_identity *keys,
                           struct why *why)
{
    char public_path[PARTY_PATH_MAX], secret_path[PARTY_PATH_MAX + 8];
    struct buf text = { 0 };
    enum err e = ERR_NONE;

    if (snprintf(public_path, sizeof public_path, "%s/%s.key", folder, p->name) >= (int)sizeof public_path)
        return why_set(why, ERR_CONFIG, "KEY", "The path of the folder is too long.");
    snprintf(secret_path, sizeof secret_path, "%s_secret", public_path);
    write_text(&text, p, keys, true);
    e = text.failed ? text.failed : write_file(secret_path, SECRET_MODE, buf_slice(&text), why);
    if (!e) {
        buf_clear(&text);
        write_text(&text, p, keys, false);
        e = text.failed ? text.failed : write_file(public_path, PUBLIC_MODE, buf_slice(&text), why);
        if (e) unlink(secret_path);
    }
    buf_fini(&text);
    return e;
}

enum err party_make(const char *folder, struct party *p, struct why *why)
{
    struct bus_identity keys = { .handshake_ms = 0 };
    enum err e = ERR_NONE;

    if (!publisher_valid(slice_text(p->name)))
        return why_set(why, ERR_INVALID, "KEY", "A name has 1 to %d letters, digits, '_', '-' and '.'.",
                       PUBLISHER_MAX);
    if (!party_role_valid(p->role))
        return why_set(why, ERR_INVALID, "KEY", "A role has 1 to %d letters a-z and '_'.", PARTY_ROLE_MAX);
    e = bus_keys_make(&keys, why);
    if (e) return e;
    memcpy(p->key, keys.public_key, sizeof p->key);
    e = write_pair(folder, p, &keys, why);
    bus_keys_forget(&keys);
    return e;
}
