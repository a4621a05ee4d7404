/* ocop-notification: who is told what, deadlines, receipts. */
#include "proto/words.h"
#include "services/notification/handler.h"

int main(int argc, char **argv)
{
    event_words_for_policy();
    return loop_main(&notification_service, argc, argv);
}
