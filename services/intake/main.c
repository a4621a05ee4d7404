/* main.c - ocop-intake. */
#include "services/intake/handler.h"

int main(int argc, char **argv)
{
    return loop_main(&intake_service, argc, argv);
}
