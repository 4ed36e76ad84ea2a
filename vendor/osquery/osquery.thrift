/*
 * The interface between osquery and its extensions, in our own words, from what osquery 5.23 puts on its socket.
 * Strict binary protocol, buffered transport, Unix socket; methods declare no exceptions: what goes wrong is told in an ExtensionStatus.
 */

/** One row, or one request: names and values, all text. */
typedef map<string, string> ExtensionPluginRequest
typedef list<map<string, string>> ExtensionPluginResponse

/** Given by the manager at registration; also the suffix of the extension's socket. */
typedef i64 ExtensionRouteUUID

/** A flag of osquery. */
struct InternalOptionInfo {
  1: string value,
  2: string default_value,
  3: string type,
}

struct InternalExtensionInfo {
  1: string name,
  2: string version,
  3: string sdk_version,
  4: string min_sdk_version,
}

/** code 0 is good, anything else is not; the message is for people. */
struct ExtensionStatus {
  1: i32 code,
  2: string message,
  3: ExtensionRouteUUID uuid,
}

struct ExtensionResponse {
  1: ExtensionStatus status,
  2: ExtensionPluginResponse response,
}

/** Named by the interface, declared by no method. */
exception ExtensionException {
  1: i32 code,
  2: string message,
  3: ExtensionRouteUUID uuid,
}

/** Plugin name to its route info, for one registry. */
typedef map<string, ExtensionPluginResponse> ExtensionRouteTable
typedef map<string, ExtensionRouteTable> ExtensionRegistry
typedef map<ExtensionRouteUUID, InternalExtensionInfo> InternalExtensionList
typedef map<string, InternalOptionInfo> InternalOptionList

/** What an extension serves on its own socket. */
service Extension {
  ExtensionStatus ping(),
  ExtensionResponse call(1: string registry, 2: string item, 3: ExtensionPluginRequest request),
  void shutdown(),
}

/** What osquery serves on the manager's socket. */
service ExtensionManager extends Extension {
  InternalExtensionList extensions(),
  InternalOptionList options(),
  ExtensionStatus registerExtension(1: InternalExtensionInfo info, 2: ExtensionRegistry registry),
  ExtensionStatus deregisterExtension(1: ExtensionRouteUUID uuid),
  ExtensionResponse query(1: string sql),
  ExtensionResponse getQueryColumns(1: string sql),
}
