/* ocop-courier: writes the messages that notification queued. */
#include "services/notification/courier.h"

int main(int argc, char **argv)
{
    return loop_main(&courier_service, argc, argv);
}
