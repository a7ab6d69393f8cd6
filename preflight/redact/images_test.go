package redact_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/redact"
)

// TestImages: by which add-on or runtime it is an image stays known, and whose registry it
// comes from, or what users call theirs, is not.
func TestImages(t *testing.T) {
	image := func(ref string) facts.Image {
		return facts.Image{Image: ref, Keeper: facts.OfUser, Pods: 1, Namespace: "initech", Kind: "Deployment", Name: "billing"}
	}
	s := facts.New(facts.Meta{Tool: "test"},
		facts.Present(facts.Namespaces, []facts.Namespace{{Name: "initech"}}),
		facts.Present(facts.Images, []facts.Image{image("eu.gcr.io/initech/billing/api:4.2"), image("eu.gcr.io/initech/billing/web:4.2"),
			image("eu.gcr.io/initech/mirror/istio/pilot:1.27.3@sha256:0a"), image("eu.gcr.io/initech/openjdk:8u212-jre"), image("gke.gcr.io/x:1")}),
		facts.Present(facts.BackendPods, []facts.Pod{{Namespace: "initech", Name: "billing-0", Containers: []facts.Container{{Name: "api", Image: "eu.gcr.io/initech/billing/api:4.1"}}}}),
		facts.Present(facts.IngressClasses, []facts.IngressClass{{Name: "billing-public", Controller: "k8s.io/ingress-nginx"}}),
	)
	redacted, err := redact.Snapshot(s)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range facts.Images.Of(redacted) {
		got = append(got, i.Image)
	}
	want := []string{"registry.example/image-0000:4.2", "registry.example/image-0001:4.2", "registry.example/istio/pilot:1.27.3@sha256:0a", "registry.example/openjdk:8u212-jre", "gke.gcr.io/x:1"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if c := facts.BackendPods.Of(redacted)[0].Containers[0].Image; c != "registry.example/image-0000:4.1" {
		t.Errorf("the same image is %s elsewhere", c)
	}
	if c := facts.IngressClasses.Of(redacted)[0]; c.Controller != "k8s.io/ingress-nginx" {
		t.Errorf("%+v", c)
	}
	err = redacted.Files(func(name string, content []byte) error {
		for _, secret := range []string{"initech", "billing"} {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s still holds %q: %s", name, secret, content)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
