/* main.c - ocop-intake. */
#include "proto/words.h"
#include "services/intake/handler.h"

int main(int argc, char **argv)
{
    event_words_for_policy();
    return loop_main(&intake_service, argc, argv);
}
