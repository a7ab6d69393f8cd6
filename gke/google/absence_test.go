package google

import (
	"errors"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestCredentialErrors(t *testing.T) {
	for said, want := range map[string]string{
		"credentials: could not find default credentials. See https://…": "there are no Application Default Credentials: " + LogIn,
		"google: could not find default credentials. See https://…":      "there are no Application Default Credentials: " + LogIn,
		"auth: cannot fetch token: 400\nResponse: {}":                    "the Application Default Credentials don't work: " + LogIn + " (auth: cannot fetch token: 400)",
	} {
		got := containerAPI.why(errors.New(said), facts.Cluster{})
		if got.Reason != facts.Unauthenticated || got.Detail != want {
			t.Errorf("%s: got %s", said, got)
		}
	}
}
