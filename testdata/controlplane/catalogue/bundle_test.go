package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/client-go/util/cert"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// expiredCertificate leaves an expired certificate and one of a stranger's in
// the live bundle.
func expiredCertificate(t *testing.T, c *rig.Cluster) (release func()) {
	t.Helper()
	release = hold(t, c, "", "configmaps")
	stranger, err := controlplane.NewAuthority("stranger")
	must(t, err)
	expired, err := stranger.Issue(controlplane.Certificate{User: "expired", NotAfter: time.Now().Add(-time.Hour)})
	must(t, err)
	must(t, change(t.Context(), "extension-apiserver-authentication", c.Client.CoreV1().ConfigMaps(metav1.NamespaceSystem), func(m *corev1.ConfigMap) {
		m.Data["client-ca-file"] += string(expired.Cert) + string(stranger.PEM)
	}))
	return release
}

// sameAuthorities are flags by which a new API server has nothing of its own to
// add to the bundle.
func sameAuthorities(c *rig.Cluster) []string {
	return []string{
		"--client-ca-file=" + filepath.Join(c.First.Dir, "client-ca.crt"),
		"--requestheader-client-ca-file=" + filepath.Join(c.First.Dir, "front-proxy-ca.crt"),
	}
}

// sameCertificates: the stranger's is still in the bundle, and the expired one
// is not, as planned.
func sameCertificates(t *testing.T, planned map[string]bootstrap.Write, made map[string]auditv1.Event) {
	t.Helper()
	const key = "UPDATE configmaps kube-system/extension-apiserver-authentication"
	if planned[key].Object == nil || made[key].RequestObject == nil {
		t.Fatal("there is no such write")
	}
	want, _, err := unstructured.NestedString(planned[key].Object.Object, "data", "client-ca-file")
	must(t, err)
	var got corev1.ConfigMap
	must(t, json.Unmarshal(made[key].RequestObject.Raw, &got))
	if d := cmp.Diff(subjects(t, want), subjects(t, got.Data["client-ca-file"])); d != "" || !slices.Contains(subjects(t, want), "stranger") {
		t.Errorf("certificates (- planned, + written):\n%s", d)
	}
}

func subjects(t *testing.T, bundle string) []string {
	t.Helper()
	certificates, err := cert.ParseCertsPEM([]byte(bundle))
	must(t, err)
	var names []string
	for _, c := range certificates {
		names = append(names, c.Subject.CommonName)
	}
	slices.Sort(names)
	return names
}
