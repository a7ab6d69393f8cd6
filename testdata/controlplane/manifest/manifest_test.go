// Package manifest holds what package preflight/manifest refuses against what a real
// API server does.
package manifest

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/manifest/manifesttest"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// TestRefusals sends each object of the table to the newest API server that is
// tested, as a dry-run: it complains of the fields that the table names.
func TestRefusals(t *testing.T) {
	minors, err := binaries.Tested()
	if err != nil || len(minors) == 0 {
		t.Fatal(minors, err)
	}
	c := rig.Start(t, controlplane.Options{Minor: minors[len(minors)-1]})
	table, err := os.ReadFile("../../../preflight/manifest/testdata/refused.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range manifesttest.Refusals(t, table) {
		err := c.Client.AdmissionregistrationV1().RESTClient().Post().
			AbsPath("/apis/admissionregistration.k8s.io/v1", resource(t, r.Object)).
			Param("dryRun", "All").Param("fieldValidation", "Strict").
			SetHeader("Content-Type", "application/json").Body(r.Object).Do(t.Context()).Error()
		got := fields(t, err)
		if !slices.Equal(got, r.Fields) {
			t.Errorf("%s: refused for %v, want %v: %v", r.Name, got, r.Fields, err)
		}
	}
}

func resource(t *testing.T, object []byte) string {
	t.Helper()
	var head struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(object, &head); err != nil {
		t.Fatal(err)
	}
	if policy, ok := strings.CutSuffix(head.Kind, "Policy"); ok {
		return strings.ToLower(policy) + "policies"
	}
	return strings.ToLower(head.Kind) + "s"
}

// fields are those that the API server complains of, each once, sorted.
func fields(t *testing.T, err error) []string {
	t.Helper()
	var status *apierrors.StatusError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &status) || status.ErrStatus.Reason != "Invalid" || status.ErrStatus.Details == nil:
		t.Errorf("it is no refusal: %v", err)
		return nil
	}
	var found []string
	for _, c := range status.ErrStatus.Details.Causes {
		found = append(found, c.Field)
	}
	slices.Sort(found)
	return slices.Compact(found)
}
