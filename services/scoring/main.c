/* main.c - ocop-scoring. */
#include "services/scoring/handler.h"

int main(int argc, char **argv)
{
    return loop_main(&scoring_service, argc, argv);
}
