package bootstrap

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestIdentityLease: who tells renewals by what they change sees those of a new replica.
func TestIdentityLease(t *testing.T) {
	renewals := 0
	for _, w := range Of(cluster(t, "1.36", "1.36")).Writes {
		if w.Kind.Kind != "Lease" || w.Operation != Update {
			continue
		}
		renewals++
		of := func(u *unstructured.Unstructured) (holder string, renewed time.Time) {
			holder, _, _ = unstructured.NestedString(u.Object, "spec", "holderIdentity")
			text, _, _ := unstructured.NestedString(u.Object, "spec", "renewTime")
			renewed, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				t.Error(err)
			}
			return holder, renewed
		}
		holder, renewed := of(w.Object)
		before, last := of(w.OldObject)
		if holder == "" || holder != before || !renewed.After(last) {
			t.Errorf("%s renewed the lease at %s, after %s at %s", holder, renewed, before, last)
		}
	}
	if renewals != 1 {
		t.Errorf("%d renewals are planned", renewals)
	}
}
