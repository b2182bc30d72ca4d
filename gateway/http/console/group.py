"""The pages of /console, which the modules beside this one fill."""

from gateway.http import staff_answers

blueprint = staff_answers.blueprint("console", __name__, "/console")
