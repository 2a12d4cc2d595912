package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-kafka/sluice/genesys"
)

// findAction looks at whether the action answers, as far as its style has a way to ask without running it.
func (a *apiCheck) findAction(ctx context.Context) finding {
	within, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if genesys.API(a.cfg.Genesys.API) == genesys.APIProcesses {
		return a.findHistory(within)
	}
	action, err := a.client.Describe(within)
	if err != nil {
		return a.findFailure(within, err)
	}
	if timeout := a.cfg.Genesys.Timeout; action.Timeout > 0 && timeout < action.Timeout+timeoutMargin {
		return warned(checkAction, fmt.Sprintf("%s, and GENESYS_TIMEOUT is %v: a slow run is taken for a failure, and sent again while it still runs", a.describe(action), timeout),
			fmt.Sprintf("set GENESYS_TIMEOUT to %v or more", action.Timeout+timeoutMargin))
	}
	return passed(checkAction, "%s; it exists and may be looked at; whether it may be run shows with the first message", a.describe(action))
}

func (a *apiCheck) describe(action genesys.Action) string {
	text := fmt.Sprintf("%s is %q of category %q", a.cfg.Genesys.DataActionID, action.Name, action.Category)
	if action.Version > 0 {
		text += fmt.Sprintf(", version %d", action.Version)
	}
	if action.Timeout > 0 {
		text += fmt.Sprintf(", runs for %d s at most", action.Timeout/time.Second)
	}
	return text
}

// findHistory asks for the invocations so far, which is all that the style processes has to ask for.
func (a *apiCheck) findHistory(ctx context.Context) finding {
	for _, err := range a.client.History(ctx, genesys.HistoryQuery{PageSize: 1, MaxPages: 1}) {
		if err != nil && !errors.Is(err, genesys.ErrMorePages) {
			return a.findFailure(ctx, err)
		}
	}
	return passed(checkAction, "%s answers with its invocations so far; whether it may be run shows with the first message", a.cfg.Genesys.DataActionID)
}

// findFailure says what an answer to the question for the action means.
func (a *apiCheck) findFailure(ctx context.Context, err error) finding {
	var e *genesys.Error
	if !errors.As(err, &e) {
		return failed(checkAction, why(ctx, err), "see that the API can be reached")
	}
	id, url := a.cfg.Genesys.DataActionID, a.client.URL()
	answered := fmt.Sprintf("asked for action %s, the API answers HTTP %d", id, e.Status)
	byHistory := genesys.API(a.cfg.Genesys.API) == genesys.APIProcesses
	switch e.Kind {
	case genesys.KindNotFound, genesys.KindRefused:
		if other := a.client.OtherStyle(ctx); other != "" {
			return failed(checkAction, fmt.Sprintf("%s in the style %s, and knows it in the style %s", answered, a.cfg.Genesys.API, other),
				fmt.Sprintf("set GENESYS_API=%s", other))
		}
		if byHistory {
			return warned(checkAction, answered+": no such action, or a gateway that lists no invocations; with this style that cannot be told before the first message",
				"check GENESYS_DATA_ACTION_ID; then watch the first message")
		}
		return failed(checkAction, answered+": there is no such action here",
			"set GENESYS_DATA_ACTION_ID to the id in the action's URL in the Genesys Cloud admin (an action published anew has a new id), or GENESYS_BASE_URL to its region")
	case genesys.KindForbidden:
		if byHistory {
			return warned(checkAction, answered+": the client may not list invocations; whether it may invoke shows with the first message",
				"if the first message fails with 403 too, have the client be given the right to execute this action")
		}
		return warned(checkAction, answered+": the client may not look at actions; whether it may run this one shows with the first message",
			"give a role of the OAuth client the permission integrations:action:view, and integrations:action:execute with the division")
	case genesys.KindUnauthorized:
		return failed(checkAction, answered+": the API does not take the token that the login host has just issued",
			"check that GENESYS_BASE_URL and GENESYS_LOGIN_URL are of the same region")
	case genesys.KindNotSent, genesys.KindBroken:
		return failed(checkAction, fmt.Sprintf("%s cannot be reached: %v", url, innermost(e)), "check GENESYS_BASE_URL")
	case genesys.KindCanceled:
		return failed(checkAction, fmt.Sprintf("%s gives no answer within %v", url, answerTimeout), "check GENESYS_BASE_URL; messages would wait for GENESYS_TIMEOUT each")
	case genesys.KindRateLimited:
		return warned(checkAction, answered+": the limit of requests is used up", "see what else uses this OAuth client; the worker waits its turn")
	case genesys.KindUnreadable:
		return warned(checkAction, fmt.Sprintf("the answer for action %s is not what this style answers with (a web page, perhaps)", id), "check GENESYS_BASE_URL and GENESYS_API")
	case genesys.KindServer, genesys.KindGateway, genesys.KindRemote, genesys.KindProcessing:
		return warned(checkAction, answered+": the API fails for now", "try again later; the worker would hold messages until it serves")
	case genesys.KindInput, genesys.KindTooLarge, genesys.KindActionFailed:
	}
	return failed(checkAction, e.Error(), "check GENESYS_BASE_URL and GENESYS_DATA_ACTION_ID")
}
