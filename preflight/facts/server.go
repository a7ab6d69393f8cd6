package facts

var (
	// ServerVersion is what the API server says of itself at /version. On a
	// regional cluster one replica answers for all.
	ServerVersion = kubernetes[Version]("server-version", getURL("/version")).inAll()

	// APIResources are the kinds that the running API server serves.
	APIResources = kubernetes[[]APIResource]("api-resources", getURL("/api", "/api/*", "/apis", "/apis/*")).inAll()
)

// Version is an API server's own account of its version.
type Version struct {
	// GitVersion is such as v1.35.4 or v1.33.2-gke.100.
	GitVersion string `json:"gitVersion"`
	// Emulated is the minor whose API is served, such as 1.34; empty if it is the binary's own.
	Emulated string `json:"emulated,omitempty"`
}

// APIResource is one resource of one group and version that is served.
type APIResource struct {
	Group   string `json:"group,omitempty"`
	Version string `json:"version"`
	// Resource is the plural name, with "/status" and the like for a subresource.
	Resource   string   `json:"resource"`
	Kind       string   `json:"kind"`
	Namespaced bool     `json:"namespaced,omitempty"`
	Verbs      []string `json:"verbs,omitempty"`
}
