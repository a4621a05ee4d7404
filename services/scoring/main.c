/* main.c - ocop-scoring. */
#include "proto/words.h"
#include "services/scoring/handler.h"

int main(int argc, char **argv)
{
    event_words_for_policy();
    return loop_main(&scoring_service, argc, argv);
}
