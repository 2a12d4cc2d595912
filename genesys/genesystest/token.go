package genesystest

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
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

// issue makes a token and returns the body that carries it.
func (s *Server) issue() []byte {
	value := "fake-" + s.newID()
	now := time.Now()
	s.mu.Lock()
	for old, expires := range s.tokens {
		if !now.Before(expires) {
			delete(s.tokens, old)
		}
	}
	s.tokens[value] = now.Add(s.opts.TokenLife)
	s.mu.Unlock()
	body, err := json.Marshal(struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
	}{value, "bearer", int(s.opts.TokenLife / time.Second)})
	if err != nil {
		return nil // cannot be: there are only strings and numbers in it
	}
	return body
}

// authorized says whether a request bears a token that is valid.
func (s *Server) authorized(r *http.Request) bool {
	value, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	s.mu.Lock()
	expires, ok := s.tokens[value]
	s.mu.Unlock()
	return ok && time.Now().Before(expires)
}

// RevokeTokens makes every token issued so far invalid, as disabling and enabling the OAuth client does.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}
