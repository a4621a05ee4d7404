/* main.c - ocop-certification. */
#include "proto/words.h"
#include "services/certification/handler.h"

int main(int argc, char **argv)
{
    event_words_for_policy();
    return loop_main(&certification_service, argc, argv);
}
