/* main.c - ocop-certification. */
#include "services/certification/handler.h"

int main(int argc, char **argv)
{
    return loop_main(&certification_service, argc, argv);
}
