/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What went wrong with a host, in words a person can act on.
 *
 * The words of a token or a module are passed on as they are, but for what would disturb a terminal or a
 * dialog. */

#include "agent/hosts/host-report.h"

#include <string.h>

#include "agent/hosts/host-collector.h"
#include "socket-api/wire/error.h"

static const char driver_remedy[] =
    "Update the driver of the token, or take the module out of the configuration.";

CardeaReason *
cardea_host_report_crash (const CardeaHostSpec *spec, const char *how)
{
  return cardea_reason_new (CARDEA_REASON_MODULE_CRASHED, driver_remedy, "The module %s (%s) crashed: %s.",
                            spec->name, spec->module, how);
}

CardeaReason *
cardea_host_report_nonsense (const CardeaHostSpec *spec, const char *what)
{
  return cardea_reason_new (CARDEA_REASON_MODULE_FAILED, driver_remedy,
                            "The process of the module %s (%s) was ended because it sent nonsense: %s.",
                            spec->name, spec->module, what);
}

CardeaReason *
cardea_host_report_hang (const CardeaHostSpec *spec)
{
  return cardea_reason_new (CARDEA_REASON_MODULE_HUNG,
                            "Remove the token and insert it again; if that does not help, update its driver.",
                            "The module %s (%s) did not answer in time and was ended.", spec->name,
                            spec->module);
}

CardeaReason *
cardea_host_report_restart (const CardeaHostSpec *spec, const char *why)
{
  return cardea_reason_new (CARDEA_REASON_MODULE_FAILED, "Remove the token and insert it again.",
                            "The module %s was started afresh: %s", spec->name, why);
}

CardeaReason *
cardea_host_report_incomplete (const CardeaHostSpec *spec)
{
  return cardea_reason_new (CARDEA_REASON_TOO_MANY_CERTIFICATES, "Remove objects that are not used.",
                            "The module %s has more tokens or objects than are read; some are missing.",
                            spec->name);
}

CardeaReason *
cardea_host_report_no_program (const CardeaHostSpec *spec, const GError *error)
{
  return cardea_reason_new (CARDEA_REASON_MODULE_FAILED, "Install cardea again.",
                            "The token host for the module %s cannot be started: %s.", spec->name,
                            error->message);
}

GError *
cardea_host_report_late (const CardeaHostSpec *spec)
{
  GError *error =
      cardea_error_new (CARDEA_ERROR_TIMED_OUT,
                        "The module %s did not answer in time and was ended. Remove the token, insert it "
                        "again and try once more.",
                        spec->name);

  cardea_error_take_parameter (error, "what", json_string ("token"));
  return error;
}

/* The softoken host reads the user's NSS database: then that is what cannot be read. */
static CardeaReasonCode
failure_reason (const CardeaHostSpec *spec, CardeaHostFailure failure)
{
  if (failure == CARDEA_HOST_FAILURE_MISSING)
    return CARDEA_REASON_MODULE_MISSING;
  if (spec->init_arguments != NULL && g_str_has_suffix (spec->module, "/libsoftokn3.so"))
    return CARDEA_REASON_DATABASE_UNREADABLE;
  return CARDEA_REASON_MODULE_FAILED;
}

static const char *
failure_remedy (CardeaReasonCode code)
{
  switch (code) {
  case CARDEA_REASON_MODULE_MISSING:
    return "Install the package the module belongs to, or take it out of the configuration.";
  case CARDEA_REASON_DATABASE_UNREADABLE:
    return "Check the folder of the database with \"certutil -L -d sql:FOLDER\", or restore it from a "
           "backup.";
  default:
    return "Check that the module is meant for this system and that its device is set up.";
  }
}

/* The folder, as softoken was given it: configdir='sql:FOLDER' (see nss-database.c). */
static char *
database_folder (const CardeaHostSpec *spec)
{
  const char *begin = strstr (spec->init_arguments, "sql:");
  const char *end = begin != NULL ? strchr (begin, '\'') : NULL;

  return end != NULL ? g_strndup (begin + strlen ("sql:"), (gsize)(end - begin) - strlen ("sql:"))
                     : g_strdup (spec->init_arguments);
}

CardeaReason *
cardea_host_report_failure (const CardeaHostSpec *spec, const CardeaHostMessage *message)
{
  g_autofree char *text = cardea_host_text (&message->failed.message);
  CardeaReasonCode code = failure_reason (spec, message->failed.failure);

  if (code == CARDEA_REASON_DATABASE_UNREADABLE) {
    g_autofree char *folder = database_folder (spec);

    return cardea_reason_new (code, failure_remedy (code), "The NSS database in %s cannot be read: %s",
                              folder, text);
  }
  return cardea_reason_new (code, failure_remedy (code), "The module %s (%s) cannot be used: %s", spec->name,
                            spec->module, text);
}

static GError *
make_wants_pin (const char *text)
{
  GError *error = cardea_error_new (CARDEA_ERROR_TOKEN_UNAVAILABLE, "%s", text);

  cardea_error_take_parameter (
      error, "problem",
      json_pack ("{s:s, s:s}", "code", cardea_reason_code_to_string (CARDEA_REASON_KEY_ALWAYS_AUTHENTICATE),
                 "message", text));
  return error;
}

gboolean
cardea_host_wants_pin (const GError *error)
{
  const json_t *problem = json_object_get (cardea_error_get_parameters (error), "problem");
  const char *code = json_string_value (json_object_get (problem, "code"));

  return g_strcmp0 (code, cardea_reason_code_to_string (CARDEA_REASON_KEY_ALWAYS_AUTHENTICATE)) == 0;
}

GError *
cardea_host_report_refusal (const CardeaHostMessage *message)
{
  g_autofree char *text = cardea_host_text (&message->failed.message);
  GError *error;

  if (message->failed.failure == CARDEA_HOST_FAILURE_WANTS_PIN)
    return make_wants_pin (text);
  if (message->failed.failure == CARDEA_HOST_FAILURE_NEW_PIN) {
    error = cardea_error_new (CARDEA_ERROR_PIN_REFUSED, "%s", text);
    cardea_error_take_parameter (error, "secret", json_string ("new_pin"));
    return error;
  }
  if (message->failed.failure != CARDEA_HOST_FAILURE_PIN)
    return cardea_error_new (CARDEA_ERROR_TOKEN_UNAVAILABLE, "%s", text);
  error = cardea_error_new (
      message->failed.rv == 0 ? CARDEA_ERROR_TOKEN_UNAVAILABLE : CARDEA_ERROR_PIN_REFUSED, "%s", text);
  cardea_error_take_parameter (error, "pin", json_string (cardea_pin_state_to_string (message->failed.pin)));
  if (message->failed.told_tries > 0)
    cardea_error_take_parameter (error, "tries", json_integer ((json_int_t)message->failed.told_tries - 1));
  return error;
}

GError *
cardea_host_report_busy (const CardeaHostSpec *spec, const CardeaReason *problem, guint64 retry_ms)
{
  GError *error =
      cardea_error_new (CARDEA_ERROR_BUSY, "The module %s is not started again at once: %s", spec->name,
                        problem != NULL ? problem->message : "too much is under way.");

  cardea_error_take_parameter (error, "what", json_string ("token"));
  cardea_error_take_parameter (error, "retry_ms", json_integer (retry_ms));
  return error;
}
