package google

import (
	"strings"
	"testing"
)

// TestTrust: what a remote server says over plain http may not send a token
// anywhere.
func TestTrust(t *testing.T) {
	for url, want := range map[string]bool{
		"": true, "https://container.googleapis.com": true, "https://10.77.0.2": true,
		"http://127.0.0.1:8080": true, "http://[::1]:8080": true, "http://localhost:8080": true,
		"http://10.77.0.2:8080": false, "http://container.googleapis.com": false, "http://localhost.example.test": false,
	} {
		e := endpoint{"--gke-endpoint", url}
		if err := e.check(); e.trusted() != want || err != nil {
			t.Errorf("%q: trusted %v, %v", url, e.trusted(), err)
		}
	}
	_, err := (&API{}).TokenSource()
	if err == nil || !strings.Contains(err.Error(), "a token can't be sent") {
		t.Errorf("an endpoint that is not trusted names an address for a token: %v", err)
	}
}
