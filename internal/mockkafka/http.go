package mockkafka

import (
	"encoding/json"
	"net/http"
)

// ServeHTTP is the switch for faults: PUT or POST /_faults sets one, DELETE clears it, and GET tells.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/_faults" {
		answer(w, http.StatusNotFound, map[string]string{"error": "want /_faults"})
		return
	}
	switch r.Method {
	case http.MethodGet:
	case http.MethodDelete:
		s.ClearFault()
	case http.MethodPut, http.MethodPost:
		var f Fault
		in := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
		in.DisallowUnknownFields()
		err := in.Decode(&f)
		if err == nil {
			err = s.SetFault(f)
		}
		if err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
	default:
		answer(w, http.StatusMethodNotAllowed, map[string]string{"error": "want GET, PUT or DELETE"})
		return
	}
	answer(w, http.StatusOK, s.Fault())
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}
