#include "services/broker/prefix.h"

static bool small(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

bool prefix_valid(struct slice prefix)
{
    for (size_t i = 0; i < prefix.size; i++)
        if (!small(prefix.data[i])) return false;
    return prefix.size <= TOPIC_MAX;
}

bool publisher_valid(struct slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!small(name.data[i]) && !(name.data[i] >= 'A' && name.data[i] <= 'Z') && name.data[i] != '-')
            return false;
    return name.size >= 1 && name.size <= PUBLISHER_MAX;
}
