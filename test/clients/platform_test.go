package clients_test
import "testing"
func platformURL(t *testing.T) string { return "" }
