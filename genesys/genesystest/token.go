package genesystest

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// checkClient returns the refusal of a token request (RFC 6749 §5.2), or nil. The published style takes the
// credentials by HTTP Basic, the other one in the form.
func (s *Server) checkClient(r *http.Request, c *call) *Answer {
	form, err := url.ParseQuery(string(c.Payload))
	if err != nil || c.failed != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return &Answer{Status: http.StatusBadRequest, Code: "invalid_request", Message: "the body is not a form"}
	}
	if form.Get("grant_type") != "client_credentials" {
		return &Answer{Status: http.StatusBadRequest, Code: "unsupported_grant_type", Message: "want client_credentials"}
	}
	id, secret, basic := r.BasicAuth()
	if !c.published {
		id, secret, basic = form.Get("client_id"), form.Get("client_secret"), true
	}
	if !basic || !s.knows(id, secret) {
		return &Answer{Status: http.StatusUnauthorized, Code: "invalid_client", Message: "client not found or secret wrong"}
	}
	if !c.published && form.Get("scope") != "dataaction:execute" {
		return &Answer{Status: http.StatusBadRequest, Code: "invalid_scope", Message: "want dataaction:execute"}
	}
	return nil
}

func (s *Server) knows(id, secret string) bool {
	if s.opts.ClientID == "" && s.opts.ClientSecret == "" {
		return id != "" && secret != ""
	}
	return id == s.opts.ClientID && subtle.ConstantTimeCompare([]byte(secret), []byte(s.opts.ClientSecret)) == 1
}

// grant is a token that was issued.
type grant struct {
	expires, used time.Time
	revoked       bool
}

// forgotten is how long a token that has died is remembered, so that what is said of it is true.
const forgotten = time.Hour

// issue makes a token and returns the body that carries it.
func (s *Server) issue(a Answer) []byte {
	life := s.opts.TokenLife
	if a.TokenLife > 0 {
		life = a.TokenLife
	}
	value := "fake-" + s.newID()
	now := time.Now()
	s.mu.Lock()
	for old, g := range s.tokens {
		if now.Sub(g.expires) > forgotten {
			delete(s.tokens, old)
		}
	}
	s.tokens[value] = &grant{expires: now.Add(life), used: now}
	s.mu.Unlock()
	var says json.RawMessage
	switch a.ExpiresIn {
	case "":
		says = json.RawMessage(strconv.Itoa(int(life / time.Second)))
	case expiresInNone:
	default:
		says = json.RawMessage(a.ExpiresIn)
	}
	body, err := json.Marshal(struct {
		AccessToken string          `json:"access_token"`
		TokenType   string          `json:"token_type"`
		ExpiresIn   json.RawMessage `json:"expires_in,omitempty"`
	}{value, "bearer", says})
	if err != nil {
		return []byte(`{}`) // ExpiresIn was no JSON
	}
	return body
}

// checkToken returns the refusal of a request that bears no valid token, or nil.
func (s *Server) checkToken(r *http.Request) *Answer {
	refuse := func(code, message string) *Answer {
		return &Answer{Status: http.StatusUnauthorized, Code: code, Message: message}
	}
	value, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || value == "" {
		return refuse("authentication.required", "No authentication bearer token specified in authorization header.")
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.tokens[value]
	switch {
	case g == nil || g.revoked:
		return refuse("bad.credentials", "Invalid login credentials.")
	case !now.Before(g.expires), s.opts.TokenIdle > 0 && now.Sub(g.used) >= s.opts.TokenIdle:
		return refuse("credentials.expired", "The supplied credentials are expired and invalid.")
	}
	g.used = now
	return nil
}

// RevokeTokens makes every token issued so far invalid, as disabling and enabling the OAuth client does.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.tokens {
		g.revoked = true
	}
}
