/* ocop-courier: writes the messages that notification queued. */
#include "proto/words.h"
#include "services/notification/courier.h"

int main(int argc, char **argv)
{
    event_words_for_policy();
    return loop_main(&courier_service, argc, argv);
}
