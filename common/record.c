#include "common/record.h"

enum { PROVINCE_BYTES = 2, TYPE_PARTS = 3 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_type_letter(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

/* Bytes up to the last of the four parts' dots; 0 when the topic is not of four parts. */
static size_t type_bytes(struct slice topic)
{
    size_t dots = 0, last = 0;

    for (size_t i = 0; i < topic.size; i++) {
        if (topic.data[i] != '.') continue;
        dots++;
        last = i;
    }
    return dots == TYPE_PARTS ? last : 0;
}

struct slice topic_type(struct slice topic)
{
    return slice_of(topic.data, type_bytes(topic));
}

struct slice topic_province(struct slice topic)
{
    size_t type = type_bytes(topic);

    return type ? slice_of(topic.data + type + 1, topic.size - type - 1) : slice_of(NULL, 0);
}

bool topic_type_valid(struct slice type)
{
    bool in_part = false;
    size_t dots = 0;

    for (size_t i = 0; i < type.size; i++) {
        bool dot = type.data[i] == '.';
        if (dot && !in_part) return false;
        if (!dot && !is_type_letter(type.data[i])) return false;
        dots += dot;
        in_part = !dot;
    }
    return in_part && dots == TYPE_PARTS - 1;
}

bool topic_valid(struct slice topic)
{
    struct slice type = topic_type(topic), province = topic_province(topic);

    return topic.size <= TOPIC_MAX && topic_type_valid(type) && province.size == PROVINCE_BYTES &&
           is_digit(province.data[0]) && is_digit(province.data[1]);
}

static bool is_prefix_letter(char c)
{
    return is_type_letter(c) || is_digit(c) || c == '.';
}

bool prefix_valid(struct slice prefix)
{
    for (size_t i = 0; i < prefix.size; i++)
        if (!is_prefix_letter(prefix.data[i])) return false;
    return prefix.size <= TOPIC_MAX;
}

bool publisher_valid(struct slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!is_prefix_letter(name.data[i]) && !(name.data[i] >= 'A' && name.data[i] <= 'Z') &&
            name.data[i] != '-')
            return false;
    return name.size >= 1 && name.size <= PUBLISHER_MAX;
}
