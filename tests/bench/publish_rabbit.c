/* publish_rabbit.c - the same work for RabbitMQ: persistent messages to a quorum queue, confirmed by the
 * broker. */
#include "tests/bench/measure.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

struct publisher {
    amqp_connection_state_t connection;
    struct measure_window window;
};

static struct measure_options o;
static struct measure_events events;
static struct publisher all[MEASURE_PUBLISHERS_MAX];
static const char queue[] = "bench";

static void must(amqp_rpc_reply_t reply, const char *what)
{
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) measure_die(what, "RabbitMQ refused");
}

static void send_one(struct publisher *p)
{
    const struct slice e = events.envelopes[p->window.sent % MEASURE_PREPARED];
    const amqp_basic_properties_t persistent = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                                 .delivery_mode = 2 };
    const amqp_bytes_t body = { .len = e.size, .bytes = (void *)(uintptr_t)e.data };

    if (amqp_basic_publish(p->connection, 1, amqp_empty_bytes, amqp_cstring_bytes(queue), 0, 0, &persistent,
                           body))
        measure_die("publish", "the connection broke");
    measure_sent(&p->window, 1);
}

/* One confirm, if it comes within `wait`; confirms are cumulative. */
static bool hear(struct publisher *p, struct timeval wait)
{
    amqp_frame_t frame;
    const amqp_basic_ack_t *ack;

    amqp_maybe_release_buffers(p->connection);
    if (amqp_simple_wait_frame_noblock(p->connection, &frame, &wait) != AMQP_STATUS_OK) return false;
    if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
        measure_die("confirm", "something else came");
    ack = frame.payload.method.decoded;
    if (ack->multiple)
        measure_stored(&p->window, ack->delivery_tag);
    else
        measure_stored(&p->window, p->window.stored + 1);
    return true;
}

static void run(unsigned i)
{
    struct publisher *p = &all[i];

    while (!measure_over(&p->window)) {
        while (measure_may_send(&p->window))
            send_one(p);
        if (!hear(p, (struct timeval){ .tv_sec = 10 })) measure_die("confirm", "none came");
        while (hear(p, (struct timeval){ 0 })) {
        }
    }
}

static void begin(struct publisher *p, bool first)
{
    amqp_table_entry_t kind = { .key = amqp_cstring_bytes("x-queue-type") };
    const amqp_table_t arguments = { .num_entries = 1, .entries = &kind };
    amqp_socket_t *socket;

    kind.value.kind = AMQP_FIELD_KIND_UTF8;
    kind.value.value.bytes = amqp_cstring_bytes("quorum");
    p->connection = amqp_new_connection();
    socket = amqp_tcp_socket_new(p->connection);
    if (!socket || amqp_socket_open(socket, "127.0.0.1", o.port)) measure_die("connect", NULL);
    must(amqp_login(p->connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"), "login");
    amqp_channel_open(p->connection, 1);
    must(amqp_get_rpc_reply(p->connection), "channel");
    if (first) {
        amqp_queue_delete(p->connection, 1, amqp_cstring_bytes(queue), 0, 0); /* what an earlier run left */
        must(amqp_get_rpc_reply(p->connection), "queue");
        amqp_queue_declare(p->connection, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0, arguments);
        must(amqp_get_rpc_reply(p->connection), "queue");
    }
    amqp_confirm_select(p->connection, 1);
    must(amqp_get_rpc_reply(p->connection), "confirm");
}

int main(int argc, char **argv)
{
    measure_read_options(argc, argv, &o);
    measure_prepare(&events);
    for (unsigned i = 0; i < o.publishers; i++)
        begin(&all[i], i == 0);
    measure_begin(&o);
    measure_run_threads(&o, run);
    measure_print();
    for (unsigned i = 0; i < o.publishers; i++)
        amqp_destroy_connection(all[i].connection);
    return 0;
}
