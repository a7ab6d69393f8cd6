package addons

import "testing"

// TestOfImage: an add-on is found behind any mirror, and nobody else's image is taken for it.
func TestOfImage(t *testing.T) {
	for image, want := range map[string]string{
		"docker.io/istio/pilot:1.27.3": "istio", "istio/pilot:1.27.3-distroless": "istio", "europe-docker.pkg.dev/shop/mirror/istio/pilot@sha256:01": "istio",
		"localhost:5000/istio/pilot": "istio", "gcr.io/gke-release/asm/pilot:1.20.3-asm.4": "", "shop/my-istio/pilots:1": "",
		"quay.io/jetstack/cert-manager-controller:v1.19.1": "cert-manager", "shop/not-cert-manager-controller:v1": "",
		"registry.k8s.io/ingress-nginx/controller:v1.12.1@sha256:0a": "ingress-nginx", "traefik:v3.5": "traefik", "": "",
	} {
		if a, _, ok := OfImage(ReferenceOf(image)); a.Name != want || ok != (want != "") {
			t.Errorf("%s is of %q", image, a.Name)
		}
	}
	if r := ReferenceOf("localhost:5000/a/b:v1@sha256:0a"); r != (Reference{"localhost:5000/a/b", "v1", "sha256:0a"}) {
		t.Errorf("%+v", r)
	}
}
