/* ocop-notification: who is told what, deadlines, receipts. */
#include "services/notification/handler.h"

int main(int argc, char **argv)
{
    return loop_main(&notification_service, argc, argv);
}
