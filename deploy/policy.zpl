# Who may do what. This file is built into the programs; to change it, copy it, name the copy in the setting
# `policy` (broker: keys/policy) of the broker and of every service, and send them SIGHUP (or wait a second).
#
# What no rule here allows is refused. A role is written into a certificate by `ocop keys new ROLE NAME`.
#   publish, follow, subscribe   topics, context.thing.verb.PROVINCE. A part may be * (anything) or {province} (those
#                                of the certificate); what ends with a dot means all that begins so; * means all
#   ask                          questions, SERVICE.QUESTION; with .{province} behind it, only answers of a province of
#                                the certificate. broker.clock is moving the time of a rehearsal
# A context, a thing or a verb that no event has is refused, with its line and the nearest there is; so is a role whose name
# is nearly one of these. What is meant all the same, for a newer version, stands in a line at the top, as
#   also = "seal. auditors"
# Beside this, a type of event is said by its own party alone (proto/EVENTS.md: Said by), and a party publishes under
# the name in its key and no other. FOLLOW gives what was asked for as far as it is allowed; a subscription must be
# allowed whole. A service is never given a part: what it may not follow whole is refused.
#
# Whoever comes over ipc:// has no key and the role `local`. It has the rights of `operator` unless a section
# `local` stands here: then it has that section's alone, and services over ipc:// need them too.

role
    # A province's office: files plans, reports and dossiers, and sees what becomes of its own.
    province
        publish = "intake.plan.filed.{province}"
        publish = "intake.report.filed.{province}"
        publish = "intake.dossier.filed.{province}"
        publish = "intake.dossier.supplemented.{province}"
        publish = "intake.dossier.withdrawn.{province}"
        publish = "intake.slip.filed.{province}"
        publish = "intake.request.filed.{province}"
        publish = "intake.rejection.filed.{province}"
        publish = "notification.receipt.filed.{province}"
        follow = "intake.*.*.{province}"
        follow = "scoring.product.*.{province}"
        follow = "scoring.round.*.{province}"
        follow = "scoring.rules.adopted.00"
        follow = "notification.*.*.{province}"
        follow = "certification."
        follow = "clock."
        subscribe = "intake.*.*.{province}"
        subscribe = "scoring.product.*.{province}"
        subscribe = "notification.*.*.{province}"
        subscribe = "certification."
        subscribe = "bus.head"
        ask = "intake.fact.{province}"
        ask = "intake.dossier.{province}"
        ask = "intake.product.{province}"
        ask = "intake.owner.{province}"
        ask = "scoring.rules"
        ask = "certification.certificate"
        ask = "certification.product"
        ask = "certification.summary"
        ask = "broker.status"
        ask = "intake.status"
        ask = "certification.status"

    # A commune's people's committee: receives dossiers, asks for more, turns away, sends on.
    commune
        publish = "intake.dossier.filed.{province}"
        publish = "intake.dossier.supplemented.{province}"
        publish = "intake.dossier.withdrawn.{province}"
        publish = "intake.slip.filed.{province}"
        publish = "intake.request.filed.{province}"
        publish = "intake.rejection.filed.{province}"
        publish = "notification.receipt.filed.{province}"
        follow = "intake.dossier.*.{province}"
        follow = "intake.supplement.*.{province}"
        follow = "intake.withdrawal.*.{province}"
        follow = "intake.slip.*.{province}"
        follow = "intake.request.*.{province}"
        follow = "intake.rejection.*.{province}"
        follow = "intake.product.*.{province}"
        follow = "notification.*.*.{province}"
        follow = "certification."
        follow = "clock."
        subscribe = "certification."
        subscribe = "bus.head"
        ask = "intake.fact.{province}"
        ask = "intake.dossier.{province}"
        ask = "intake.product.{province}"
        ask = "intake.owner.{province}"
        ask = "certification.certificate"
        ask = "certification.product"
        ask = "certification.summary"
        ask = "broker.status"
        ask = "intake.status"
        ask = "certification.status"

    # A council's secretary: sheets and rounds. A council of the centre has --province all.
    council
        publish = "scoring.council.formed.{province}"
        publish = "scoring.sheet.submitted.{province}"
        publish = "scoring.conflict.declared.{province}"
        publish = "scoring.round.closed.{province}"
        follow = "intake.dossier.*.{province}"
        follow = "intake.supplement.*.{province}"
        follow = "intake.withdrawal.*.{province}"
        follow = "intake.product.*.{province}"
        follow = "scoring.*.*.{province}"
        follow = "scoring.rules.adopted.00"
        follow = "certification."
        follow = "clock."
        subscribe = "scoring.*.*.{province}"
        subscribe = "certification."
        subscribe = "bus.head"
        ask = "intake.fact.{province}"
        ask = "intake.dossier.{province}"
        ask = "intake.product.{province}"
        ask = "intake.owner.{province}"
        ask = "scoring.fact.{province}"
        ask = "scoring.product.{province}"
        ask = "scoring.council.{province}"
        ask = "scoring.rules"
        ask = "certification.certificate"
        ask = "certification.product"
        ask = "certification.summary"
        ask = "broker.status"
        ask = "intake.status"
        ask = "scoring.status"
        ask = "certification.status"

    # Who signs: recognises, revokes, settles findings. The ministry has --province all.
    authority
        publish = "certification.decision.signed.{province}"
        publish = "certification.record.filed.{province}"
        publish = "certification.finding.filed.{province}"
        publish = "certification.dismissal.decided.{province}"
        publish = "certification.revocation.decided.{province}"
        publish = "notification.receipt.filed.{province}"
        follow = "scoring.product.*.{province}"
        follow = "scoring.rules.adopted.00"
        follow = "notification.*.*.{province}"
        follow = "certification."
        follow = "clock."
        subscribe = "scoring.product.*.{province}"
        subscribe = "notification.*.*.{province}"
        subscribe = "certification."
        subscribe = "bus.head"
        ask = "intake.product.{province}"
        ask = "intake.owner.{province}"
        ask = "scoring.fact.{province}"
        ask = "scoring.product.{province}"
        ask = "scoring.rules"
        ask = "certification.fact"
        ask = "certification.certificate"
        ask = "certification.product"
        ask = "certification.summary"
        ask = "broker.status"
        ask = "intake.status"
        ask = "scoring.status"
        ask = "certification.status"

    # A shop, an inspector, a reporter's program: is this star true, and is it still valid?
    monitor
        follow = "certification."
        subscribe = "certification."
        subscribe = "bus.head"
        ask = "certification.certificate"
        ask = "certification.product"
        ask = "certification.summary"
        ask = "broker.status"
        ask = "certification.status"

    intake
        publish = "intake."
        follow = "intake."
        follow = "scoring."
        follow = "certification."
        follow = "clock."
        follow = "operator."
        ask = "broker.status"

    scoring
        publish = "scoring."
        follow = "intake."
        follow = "scoring."
        follow = "certification."
        follow = "clock."
        follow = "operator."
        ask = "broker.status"

    certification
        publish = "certification."
        follow = "intake."
        follow = "scoring."
        follow = "certification."
        follow = "clock."
        follow = "operator."
        ask = "broker.status"

    notification
        publish = "notification."
        follow = "intake."
        follow = "scoring."
        follow = "certification."
        follow = "notification."
        follow = "courier."
        follow = "clock."
        follow = "operator."
        ask = "broker.status"

    courier
        publish = "notification.message.delivered.*"
        publish = "notification.message.failed.*"
        publish = "courier."
        follow = "notification.message."
        follow = "courier."
        follow = "clock."
        follow = "operator."
        ask = "broker.status"

    # A second broker that copies the log (ocop-broker --mirror): it must be given all of it, and says nothing.
    mirror
        follow = "*"

    # Runs the system. What only services say stays theirs, and its own events want the name `operator`.
    operator
        publish = "*"
        follow = "*"
        subscribe = "*"
        ask = "*"
