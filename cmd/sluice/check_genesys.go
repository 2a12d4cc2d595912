package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
)

// answerTimeout bounds each question to the API or the login host: a person waits.
const answerTimeout = 10 * time.Second

// genesysChecks are those of the API.
func genesysChecks(cfg *config.Config) lane {
	return func(ctx context.Context, report func(finding)) {
		skip := func(what string, names ...string) {
			for _, name := range names {
				report(notChecked(name, what))
			}
		}
		if cfg.Require(config.NeedGenesys) != nil {
			skip("settings of genesys that are in order", checkStyle, checkToken, checkAction)
			return
		}
		style := findStyle(cfg)
		report(style)
		switch {
		case style.Result == resultFail:
			skip("an API style that the host speaks", checkToken, checkAction)
			return
		case cfg.Require(config.NeedCredentials) != nil:
			skip("GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and GENESYS_DATA_ACTION_ID", checkToken, checkAction)
			return
		}
		if _, wrong := genesys.NewMapping(inputConfig(cfg)); wrong != nil {
			skip("an input mapping that is in order", checkToken, checkAction)
			return
		}
		client, err := newClient(cfg, nil, nil)
		if err != nil {
			report(misconfigured(checkToken, err.Error(), "mend that setting; the worker does not start with it"))
			skip("a token", checkAction)
			return
		}
		defer client.Close()
		a := &apiCheck{cfg: cfg, client: client}
		token := a.findToken(ctx)
		report(token)
		if token.Result != resultOK {
			skip("a token", checkAction)
			return
		}
		action := a.findAction(ctx)
		report(action)
		switch {
		case genesys.API(cfg.Genesys.API) != genesys.APIIntegrations:
		case action.Result == resultFail:
			skip("an action", checkContract, checkLimits)
		default:
			report(a.findContract(ctx))
			for _, f := range a.findLimits(ctx) {
				report(f)
			}
		}
	}
}

// findStyle looks at whether the API style and the host go together.
func findStyle(cfg *config.Config) finding {
	api := clientConfig(cfg, nil, nil).Resolve()
	if err := resolvable(api); err != nil {
		return misconfigured(checkStyle, err.Error(), "sluice check --print-config shows what is set")
	}
	if api.API == genesys.APIProcesses && genesys.HostedByGenesys(api.BaseURL) {
		return failed(checkStyle, fmt.Sprintf("%s is Genesys Cloud itself, whose published API has no /processes paths: it would answer 404 to every invocation", api.BaseURL),
			"set GENESYS_API=integrations, or GENESYS_BASE_URL to the gateway that speaks the style processes")
	}
	return passed(checkStyle, "%s at %s", api.API, api.BaseURL)
}

// resolvable reports what is wrong with the hosts, which only the client's own rules know.
func resolvable(api genesys.Config) error {
	api.ClientID, api.ClientSecret, api.ActionID = "id", genesys.NewSecret("secret"), "action" // config's to miss
	api.Input = genesys.Input{}                                                                // which has a line of its own
	return api.Validate()
}

// apiCheck is what the checks of the API share.
type apiCheck struct {
	cfg    *config.Config
	client *genesys.Client
}

// findToken asks for a token.
func (a *apiCheck) findToken(ctx context.Context) finding {
	within, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	expires, err := a.client.Token(within)
	if err == nil {
		return passed(checkToken, "%s issues one, valid for %s", a.tokenURL(), lengthOf(time.Until(expires).Round(time.Second)))
	}
	var e *genesys.Error
	if !errors.As(err, &e) {
		return failed(checkToken, why(ctx, err), "see that the login host can be reached")
	}
	text, do := a.tokenTrouble(e)
	return failed(checkToken, text, do)
}

func (a *apiCheck) tokenURL() string { return clientConfig(a.cfg, nil, nil).TokenURL() }

// tokenTrouble says why there is no token, and what to do.
func (a *apiCheck) tokenTrouble(e *genesys.Error) (text, do string) {
	url := a.tokenURL()
	answered := fmt.Sprintf("%s answers HTTP %d", url, e.Status)
	const hosts = "check GENESYS_LOGIN_URL and GENESYS_BASE_URL, or set GENESYS_REGION"
	switch e.Kind {
	case genesys.KindUnauthorized:
		if e.Code != "" {
			answered += " " + e.Code
		}
		do = "check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET, that they are of this region, and that the OAuth client is enabled and of the grant client credentials"
		if secret := a.cfg.Genesys.ClientSecret.Reveal(); strings.TrimSpace(secret) != secret {
			do = "GENESYS_CLIENT_SECRET begins or ends with white space: take that away first; else " + do
		}
		return answered + ": these credentials are refused", do
	case genesys.KindNotFound, genesys.KindRefused:
		return answered + ": that is not where tokens are issued", hosts
	case genesys.KindForbidden:
		return answered + ": something before the login host forbids the request", "ask who runs the gateway or proxy; else " + hosts
	case genesys.KindRateLimited:
		return answered + ": too many requests for tokens", "wait a minute, and see what else uses this OAuth client"
	case genesys.KindServer, genesys.KindGateway, genesys.KindUnreadable:
		if e.Status >= 200 && e.Status < 300 {
			return answered + ", but with something that is not a token (a web page, perhaps)", hosts
		}
		return answered + ": it fails for now", "try again later; if it stays so, " + hosts
	case genesys.KindNotSent:
		return fmt.Sprintf("%s cannot be reached: %v", url, innermost(e)), hosts + "; and whether a proxy is needed (HTTPS_PROXY)"
	case genesys.KindBroken:
		return fmt.Sprintf("%s takes the request and gives no answer: %v", url, innermost(e)), hosts
	case genesys.KindCanceled:
		return fmt.Sprintf("%s gives no answer within %v", url, answerTimeout), hosts + "; and whether a firewall or proxy is in between"
	case genesys.KindInput, genesys.KindTooLarge, genesys.KindActionFailed, genesys.KindProcessing, genesys.KindRemote:
	}
	return e.Error(), hosts
}
