"""The form bodies that Twilio posts about a message, and for one that came in (twilio.md 2.3)."""

from gateway.sandbox.twilio.callbacks import Params
from gateway.sandbox.twilio.message_orders import WHATSAPP
from gateway.sandbox.twilio.message_resource import error_message
from gateway.sandbox.twilio.messages import Message
from gateway.sandbox.twilio.resource import VERSION

_EVENT_TYPES = {"delivered": "DELIVERED", "read": "READ"}
_GEOGRAPHY = ("City", "State", "Zip")
IMAGE = "image/jpeg"


def status_params(message: Message, status: str) -> Params:
    """A status. WhatsApp's have the channel's own words beside it; SMS tell when a receipt came."""
    order = message.order
    params = {
        "SmsSid": message.sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": order.to,
        "MessageSid": message.sid,
        "AccountSid": message.account_sid,
        "From": order.from_,
        "ApiVersion": VERSION,
    }
    if order.service_sid:
        params["MessagingServiceSid"] = order.service_sid
    failed = status in ("failed", "undelivered") and message.error_code is not None
    if failed:
        params["ErrorCode"] = str(message.error_code)
    if order.channel == "whatsapp":
        params |= _channel_params(message, status)
        if failed:
            params["ChannelStatusMessage"] = error_message(message.error_code or 0)
    elif status in ("delivered", "undelivered"):
        params["RawDlrDoneDate"] = message.updated_at.strftime("%y%m%d%H%M")
    return params


def _channel_params(message: Message, status: str) -> Params:
    params = {
        "ChannelPrefix": "whatsapp",
        "ChannelInstallSid": f"XE{message.account_sid[2:]}",
        "ChannelToAddress": f"{message.order.to.removeprefix(WHATSAPP)[:-4]}XXXX",
        "StructuredMessage": "false",
    }
    if status in _EVENT_TYPES:
        params["EventType"] = _EVENT_TYPES[status]
    return params


def inbound_params(message: Message, opt_out_type: str | None) -> Params:
    """A message from a person; places are sent empty."""
    order = message.order
    params = {
        "SmsMessageSid": message.sid,
        "NumMedia": str(len(order.media)),
        "SmsSid": message.sid,
        "SmsStatus": "received",
        "Body": order.body,
        "To": order.to,
        "NumSegments": str(message.segments),
        "MessageSid": message.sid,
        "AccountSid": message.account_sid,
        "From": order.from_,
        "ApiVersion": VERSION,
    }
    for index, url in enumerate(order.media):
        params |= {f"MediaContentType{index}": IMAGE, f"MediaUrl{index}": url}
    if order.channel == "whatsapp":
        params |= {
            "ProfileName": "Sandbox person",
            "WaId": order.from_.removeprefix(f"{WHATSAPP}+"),
            "MessageType": "image" if order.media else "text",
            "ReferralNumMedia": "0",
        }
    else:
        params |= {f"{end}{place}": "" for end in ("To", "From") for place in _GEOGRAPHY}
        params |= {"ToCountry": _country(order.to), "FromCountry": _country(order.from_)}
    return params if opt_out_type is None else params | {"OptOutType": opt_out_type}


def _country(number: str) -> str:
    return "US" if number.startswith("+1") else ""
