// The field names of the Elastic Common Schema, from @elastic/ecs 9.4.0 (Apache-2.0): npm run gen:ecs.
// A line is a parent (- for none) and the names below it; [] may hold several values, {} has names of its own below.
export const ecsVersion = '9.4.0';

/** What event.category may hold. */
export const eventCategories = 'api authentication configuration database driver email file host iam intrusion_detection library malware network package process registry session threat vulnerability web'.split(' ');

export const ecsFields = `
- @timestamp labels{} message tags[]
agent ephemeral_id id name type version
agent.build original
client address bytes domain ip mac packets port registered_domain subdomain top_level_domain
client.as number
client.as.organization name
client.geo city_name continent_code continent_name country_iso_code country_name location{} name postal_code region_iso_code region_name timezone
client.nat ip port
client.user domain email full_name hash id name roles[]
client.user.group domain id name
cloud availability_zone provider region
cloud.account id name
cloud.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
cloud.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
cloud.entity.lifecycle last_activity
cloud.entity.relationships.administers.entity id[]
cloud.entity.relationships.administers.host id[] name[]
cloud.entity.relationships.administers.service id[] name[]
cloud.entity.relationships.administers.user domain[] email[] id[] name[]
cloud.entity.relationships.depends_on.entity id[]
cloud.entity.relationships.depends_on.host id[] name[]
cloud.entity.relationships.depends_on.service id[] name[]
cloud.entity.relationships.depends_on.user domain[] email[] id[] name[]
cloud.entity.relationships.owns.entity id[]
cloud.entity.relationships.owns.host id[] name[]
cloud.entity.relationships.owns.service id[] name[]
cloud.entity.relationships.owns.user domain[] email[] id[] name[]
cloud.entity.relationships.supervises.entity id[]
cloud.entity.relationships.supervises.host id[] name[]
cloud.entity.relationships.supervises.service id[] name[]
cloud.entity.relationships.supervises.user domain[] email[] id[] name[]
cloud.instance id name
cloud.machine type
cloud.origin availability_zone provider region
cloud.origin.account id name
cloud.origin.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
cloud.origin.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
cloud.origin.entity.lifecycle last_activity
cloud.origin.entity.relationships.administers.entity id[]
cloud.origin.entity.relationships.administers.host id[] name[]
cloud.origin.entity.relationships.administers.service id[] name[]
cloud.origin.entity.relationships.administers.user domain[] email[] id[] name[]
cloud.origin.entity.relationships.depends_on.entity id[]
cloud.origin.entity.relationships.depends_on.host id[] name[]
cloud.origin.entity.relationships.depends_on.service id[] name[]
cloud.origin.entity.relationships.depends_on.user domain[] email[] id[] name[]
cloud.origin.entity.relationships.owns.entity id[]
cloud.origin.entity.relationships.owns.host id[] name[]
cloud.origin.entity.relationships.owns.service id[] name[]
cloud.origin.entity.relationships.owns.user domain[] email[] id[] name[]
cloud.origin.entity.relationships.supervises.entity id[]
cloud.origin.entity.relationships.supervises.host id[] name[]
cloud.origin.entity.relationships.supervises.service id[] name[]
cloud.origin.entity.relationships.supervises.user domain[] email[] id[] name[]
cloud.origin.instance id name
cloud.origin.machine type
cloud.origin.project id name
cloud.origin.service name
cloud.project id name
cloud.service name
cloud.target availability_zone provider region
cloud.target.account id name
cloud.target.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
cloud.target.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
cloud.target.entity.lifecycle last_activity
cloud.target.entity.relationships.administers.entity id[]
cloud.target.entity.relationships.administers.host id[] name[]
cloud.target.entity.relationships.administers.service id[] name[]
cloud.target.entity.relationships.administers.user domain[] email[] id[] name[]
cloud.target.entity.relationships.depends_on.entity id[]
cloud.target.entity.relationships.depends_on.host id[] name[]
cloud.target.entity.relationships.depends_on.service id[] name[]
cloud.target.entity.relationships.depends_on.user domain[] email[] id[] name[]
cloud.target.entity.relationships.owns.entity id[]
cloud.target.entity.relationships.owns.host id[] name[]
cloud.target.entity.relationships.owns.service id[] name[]
cloud.target.entity.relationships.owns.user domain[] email[] id[] name[]
cloud.target.entity.relationships.supervises.entity id[]
cloud.target.entity.relationships.supervises.host id[] name[]
cloud.target.entity.relationships.supervises.service id[] name[]
cloud.target.entity.relationships.supervises.user domain[] email[] id[] name[]
cloud.target.instance id name
cloud.target.machine type
cloud.target.project id name
cloud.target.service name
container id labels{} name runtime
container.cpu usage
container.disk.read bytes
container.disk.write bytes
container.image name tag[]
container.image.hash all[]
container.memory usage
container.network.egress bytes
container.network.ingress bytes
container.security_context privileged
data_stream dataset namespace type
destination address bytes domain ip mac packets port registered_domain subdomain top_level_domain
destination.as number
destination.as.organization name
destination.geo city_name continent_code continent_name country_iso_code country_name location{} name postal_code region_iso_code region_name timezone
destination.nat ip port
destination.user domain email full_name hash id name roles[]
destination.user.group domain id name
device id manufacturer serial_number type
device.model identifier name
device.product id name
device.vendor id name
dll name origin_referrer_url origin_url path
dll.code_signature digest_algorithm exists flags signing_id status subject_name team_id thumbprint_sha256 timestamp trusted valid
dll.hash cdhash md5 sha1 sha256 sha384 sha512 ssdeep tlsh
dll.pe architecture company description file_version go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped imphash import_hash imports_names_entropy imports_names_var_entropy imports{} original_file_name pehash product sections{}
dll.pe.sections entropy name physical_size var_entropy virtual_size
dns answers{} header_flags[] id op_code resolved_ip[] response_code type
dns.answers class data name ttl type
dns.question class name registered_domain subdomain top_level_domain type
ecs version
email attachments{} content_type delivery_timestamp direction local_id message_id origination_timestamp subject x_mailer
email.attachments.file extension mime_type name size
email.attachments.file.hash cdhash md5 sha1 sha256 sha384 sha512 ssdeep tlsh
email.bcc address[]
email.cc address[]
email.from address[]
email.reply_to address[]
email.sender address
email.to address[]
entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
entity.lifecycle last_activity
entity.relationships.administers.entity id[]
entity.relationships.administers.host id[] name[]
entity.relationships.administers.service id[] name[]
entity.relationships.administers.user domain[] email[] id[] name[]
entity.relationships.depends_on.entity id[]
entity.relationships.depends_on.host id[] name[]
entity.relationships.depends_on.service id[] name[]
entity.relationships.depends_on.user domain[] email[] id[] name[]
entity.relationships.owns.entity id[]
entity.relationships.owns.host id[] name[]
entity.relationships.owns.service id[] name[]
entity.relationships.owns.user domain[] email[] id[] name[]
entity.relationships.supervises.entity id[]
entity.relationships.supervises.host id[] name[]
entity.relationships.supervises.service id[] name[]
entity.relationships.supervises.user domain[] email[] id[] name[]
entity.target behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
entity.target.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
entity.target.lifecycle last_activity
entity.target.relationships.administers.entity id[]
entity.target.relationships.administers.host id[] name[]
entity.target.relationships.administers.service id[] name[]
entity.target.relationships.administers.user domain[] email[] id[] name[]
entity.target.relationships.depends_on.entity id[]
entity.target.relationships.depends_on.host id[] name[]
entity.target.relationships.depends_on.service id[] name[]
entity.target.relationships.depends_on.user domain[] email[] id[] name[]
entity.target.relationships.owns.entity id[]
entity.target.relationships.owns.host id[] name[]
entity.target.relationships.owns.service id[] name[]
entity.target.relationships.owns.user domain[] email[] id[] name[]
entity.target.relationships.supervises.entity id[]
entity.target.relationships.supervises.host id[] name[]
entity.target.relationships.supervises.service id[] name[]
entity.target.relationships.supervises.user domain[] email[] id[] name[]
error code id message stack_trace type
event action agent_id_status category[] code created dataset duration end hash id ingested kind module original outcome provider reason reference risk_score risk_score_norm sequence severity start timezone type[] url
faas coldstart execution id name version
faas.trigger request_id type
file accessed attributes[] created ctime device directory drive_letter extension fork_name gid group inode mime_type mode mtime name origin_referrer_url origin_url owner path size target_path type uid
file.code_signature digest_algorithm exists flags signing_id status subject_name team_id thumbprint_sha256 timestamp trusted valid
file.elf architecture byte_order cpu_type creation_date exports{} go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped import_hash imports_names_entropy imports_names_var_entropy imports{} sections{} segments{} shared_libraries[] telfhash
file.elf.header abi_version class data entrypoint object_version os_abi type version
file.elf.sections chi2 entropy flags name physical_offset physical_size type var_entropy virtual_address virtual_size
file.elf.segments sections type
file.hash cdhash md5 sha1 sha256 sha384 sha512 ssdeep tlsh
file.macho go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped import_hash imports_names_entropy imports_names_var_entropy imports{} sections{} symhash
file.macho.sections entropy name physical_size var_entropy virtual_size
file.pe architecture company description file_version go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped imphash import_hash imports_names_entropy imports_names_var_entropy imports{} original_file_name pehash product sections{}
file.pe.sections entropy name physical_size var_entropy virtual_size
file.x509 alternative_names[] not_after not_before public_key_algorithm public_key_curve public_key_exponent public_key_size serial_number signature_algorithm version_number
file.x509.issuer common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
file.x509.subject common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
gen_ai system
gen_ai.agent description id name
gen_ai.operation name
gen_ai.output type
gen_ai.request encoding_formats{} frequency_penalty max_tokens model presence_penalty seed stop_sequences{} temperature top_k top_p
gen_ai.request.choice count
gen_ai.response finish_reasons{} id model
gen_ai.token type
gen_ai.tool name type
gen_ai.tool.call id
gen_ai.usage input_tokens output_tokens
group domain id name
host architecture domain hostname id ip[] mac[] name pid_ns_ino type uptime
host.boot id
host.cpu usage
host.disk.read bytes
host.disk.write bytes
host.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
host.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
host.entity.lifecycle last_activity
host.entity.relationships.administers.entity id[]
host.entity.relationships.administers.host id[] name[]
host.entity.relationships.administers.service id[] name[]
host.entity.relationships.administers.user domain[] email[] id[] name[]
host.entity.relationships.depends_on.entity id[]
host.entity.relationships.depends_on.host id[] name[]
host.entity.relationships.depends_on.service id[] name[]
host.entity.relationships.depends_on.user domain[] email[] id[] name[]
host.entity.relationships.owns.entity id[]
host.entity.relationships.owns.host id[] name[]
host.entity.relationships.owns.service id[] name[]
host.entity.relationships.owns.user domain[] email[] id[] name[]
host.entity.relationships.supervises.entity id[]
host.entity.relationships.supervises.host id[] name[]
host.entity.relationships.supervises.service id[] name[]
host.entity.relationships.supervises.user domain[] email[] id[] name[]
host.geo city_name continent_code continent_name country_iso_code country_name location{} name postal_code region_iso_code region_name timezone
host.network.egress bytes packets
host.network.ingress bytes packets
host.os family full kernel name platform type version
host.risk calculated_level calculated_score calculated_score_norm static_level static_score static_score_norm
host.target architecture domain hostname id ip[] mac[] name pid_ns_ino type uptime
host.target.boot id
host.target.cpu usage
host.target.disk.read bytes
host.target.disk.write bytes
host.target.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
host.target.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
host.target.entity.lifecycle last_activity
host.target.entity.relationships.administers.entity id[]
host.target.entity.relationships.administers.host id[] name[]
host.target.entity.relationships.administers.service id[] name[]
host.target.entity.relationships.administers.user domain[] email[] id[] name[]
host.target.entity.relationships.depends_on.entity id[]
host.target.entity.relationships.depends_on.host id[] name[]
host.target.entity.relationships.depends_on.service id[] name[]
host.target.entity.relationships.depends_on.user domain[] email[] id[] name[]
host.target.entity.relationships.owns.entity id[]
host.target.entity.relationships.owns.host id[] name[]
host.target.entity.relationships.owns.service id[] name[]
host.target.entity.relationships.owns.user domain[] email[] id[] name[]
host.target.entity.relationships.supervises.entity id[]
host.target.entity.relationships.supervises.host id[] name[]
host.target.entity.relationships.supervises.service id[] name[]
host.target.entity.relationships.supervises.user domain[] email[] id[] name[]
host.target.geo city_name continent_code continent_name country_iso_code country_name location{} name postal_code region_iso_code region_name timezone
host.target.network.egress bytes packets
host.target.network.ingress bytes packets
host.target.os family full kernel name platform type version
host.target.risk calculated_level calculated_score calculated_score_norm static_level static_score static_score_norm
http version
http.request bytes id method mime_type referrer
http.request.body bytes content
http.response bytes mime_type status_code
http.response.body bytes content
log level logger syslog{}
log.file path
log.origin function
log.origin.file line name
log.syslog appname hostname msgid priority procid structured_data{} version
log.syslog.facility code name
log.syslog.severity code name
network application bytes community_id direction forwarded_ip iana_number inner{} name packets protocol transport type
network.inner.vlan id name
network.vlan id name
observer egress{} hostname ingress{} ip[] mac[] name product serial_number type vendor version
observer.egress zone
observer.egress.interface alias id name
observer.egress.vlan id name
observer.geo city_name continent_code continent_name country_iso_code country_name location{} name postal_code region_iso_code region_name timezone
observer.ingress zone
observer.ingress.interface alias id name
observer.ingress.vlan id name
observer.os family full kernel name platform type version
orchestrator api_version namespace organization type
orchestrator.cluster id name url version
orchestrator.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
orchestrator.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
orchestrator.entity.lifecycle last_activity
orchestrator.entity.relationships.administers.entity id[]
orchestrator.entity.relationships.administers.host id[] name[]
orchestrator.entity.relationships.administers.service id[] name[]
orchestrator.entity.relationships.administers.user domain[] email[] id[] name[]
orchestrator.entity.relationships.depends_on.entity id[]
orchestrator.entity.relationships.depends_on.host id[] name[]
orchestrator.entity.relationships.depends_on.service id[] name[]
orchestrator.entity.relationships.depends_on.user domain[] email[] id[] name[]
orchestrator.entity.relationships.owns.entity id[]
orchestrator.entity.relationships.owns.host id[] name[]
orchestrator.entity.relationships.owns.service id[] name[]
orchestrator.entity.relationships.owns.user domain[] email[] id[] name[]
orchestrator.entity.relationships.supervises.entity id[]
orchestrator.entity.relationships.supervises.host id[] name[]
orchestrator.entity.relationships.supervises.service id[] name[]
orchestrator.entity.relationships.supervises.user domain[] email[] id[] name[]
orchestrator.resource annotation[] id ip[] label[] name type
orchestrator.resource.parent type
organization id name
package architecture build_version checksum description install_scope installed license name path reference size type version
process args[] args_count command_line end entity_id env_vars[] executable exit_code interactive io{} name pid start title tty{} uptime vpid working_directory
process.code_signature digest_algorithm exists flags signing_id status subject_name team_id thumbprint_sha256 timestamp trusted valid
process.elf architecture byte_order cpu_type creation_date exports{} go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped import_hash imports_names_entropy imports_names_var_entropy imports{} sections{} segments{} shared_libraries[] telfhash
process.elf.header abi_version class data entrypoint object_version os_abi type version
process.elf.sections chi2 entropy flags name physical_offset physical_size type var_entropy virtual_address virtual_size
process.elf.segments sections type
process.entry_leader args[] args_count command_line entity_id executable interactive name pid same_as_process start tty{} vpid working_directory
process.entry_leader.attested_groups name
process.entry_leader.attested_user id name
process.entry_leader.entry_meta type
process.entry_leader.entry_meta.source ip
process.entry_leader.group id name
process.entry_leader.parent entity_id pid start vpid
process.entry_leader.parent.session_leader entity_id pid start vpid
process.entry_leader.real_group id name
process.entry_leader.real_user id name
process.entry_leader.saved_group id name
process.entry_leader.saved_user id name
process.entry_leader.supplemental_groups id name
process.entry_leader.tty.char_device major minor
process.entry_leader.user id name
process.group id name
process.group_leader args[] args_count command_line entity_id executable interactive name pid same_as_process start tty{} vpid working_directory
process.group_leader.group id name
process.group_leader.real_group id name
process.group_leader.real_user id name
process.group_leader.saved_group id name
process.group_leader.saved_user id name
process.group_leader.supplemental_groups id name
process.group_leader.tty.char_device major minor
process.group_leader.user id name
process.hash cdhash md5 sha1 sha256 sha384 sha512 ssdeep tlsh
process.io bytes_skipped{} max_bytes_per_process_exceeded text total_bytes_captured total_bytes_skipped type
process.io.bytes_skipped length offset
process.macho go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped import_hash imports_names_entropy imports_names_var_entropy imports{} sections{} symhash
process.macho.sections entropy name physical_size var_entropy virtual_size
process.parent args[] args_count command_line end entity_id executable exit_code interactive name pid start title tty{} uptime vpid working_directory
process.parent.code_signature digest_algorithm exists flags signing_id status subject_name team_id thumbprint_sha256 timestamp trusted valid
process.parent.elf architecture byte_order cpu_type creation_date exports{} go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped import_hash imports_names_entropy imports_names_var_entropy imports{} sections{} segments{} shared_libraries[] telfhash
process.parent.elf.header abi_version class data entrypoint object_version os_abi type version
process.parent.elf.sections chi2 entropy flags name physical_offset physical_size type var_entropy virtual_address virtual_size
process.parent.elf.segments sections type
process.parent.group id name
process.parent.group_leader entity_id pid start vpid
process.parent.hash cdhash md5 sha1 sha256 sha384 sha512 ssdeep tlsh
process.parent.macho go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped import_hash imports_names_entropy imports_names_var_entropy imports{} sections{} symhash
process.parent.macho.sections entropy name physical_size var_entropy virtual_size
process.parent.pe architecture company description file_version go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped imphash import_hash imports_names_entropy imports_names_var_entropy imports{} original_file_name pehash product sections{}
process.parent.pe.sections entropy name physical_size var_entropy virtual_size
process.parent.real_group id name
process.parent.real_user id name
process.parent.saved_group id name
process.parent.saved_user id name
process.parent.supplemental_groups id name
process.parent.thread id name
process.parent.thread.capabilities effective[] permitted[]
process.parent.tty.char_device major minor
process.parent.user id name
process.pe architecture company description file_version go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped imphash import_hash imports_names_entropy imports_names_var_entropy imports{} original_file_name pehash product sections{}
process.pe.sections entropy name physical_size var_entropy virtual_size
process.previous args[] args_count executable
process.real_group id name
process.real_user id name
process.saved_group id name
process.saved_user id name
process.session_leader args[] args_count command_line entity_id executable interactive name pid same_as_process start tty{} vpid working_directory
process.session_leader.group id name
process.session_leader.parent entity_id pid start vpid
process.session_leader.parent.session_leader entity_id pid start vpid
process.session_leader.real_group id name
process.session_leader.real_user id name
process.session_leader.saved_group id name
process.session_leader.saved_user id name
process.session_leader.supplemental_groups id name
process.session_leader.tty.char_device major minor
process.session_leader.user id name
process.supplemental_groups id name
process.thread id name
process.thread.capabilities effective[] permitted[]
process.tty columns rows
process.tty.char_device major minor
process.user id name
registry hive key path value
registry.data bytes strings[] type
related hash[] hosts[] ip[] user[]
rule author[] category description id license name reference ruleset uuid version
server address bytes domain ip mac packets port registered_domain subdomain top_level_domain
server.as number
server.as.organization name
server.geo city_name continent_code continent_name country_iso_code country_name location{} name postal_code region_iso_code region_name timezone
server.nat ip port
server.user domain email full_name hash id name roles[]
server.user.group domain id name
service address environment ephemeral_id id name state type version
service.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
service.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
service.entity.lifecycle last_activity
service.entity.relationships.administers.entity id[]
service.entity.relationships.administers.host id[] name[]
service.entity.relationships.administers.service id[] name[]
service.entity.relationships.administers.user domain[] email[] id[] name[]
service.entity.relationships.depends_on.entity id[]
service.entity.relationships.depends_on.host id[] name[]
service.entity.relationships.depends_on.service id[] name[]
service.entity.relationships.depends_on.user domain[] email[] id[] name[]
service.entity.relationships.owns.entity id[]
service.entity.relationships.owns.host id[] name[]
service.entity.relationships.owns.service id[] name[]
service.entity.relationships.owns.user domain[] email[] id[] name[]
service.entity.relationships.supervises.entity id[]
service.entity.relationships.supervises.host id[] name[]
service.entity.relationships.supervises.service id[] name[]
service.entity.relationships.supervises.user domain[] email[] id[] name[]
service.node name role roles[]
service.origin address environment ephemeral_id id name state type version
service.origin.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
service.origin.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
service.origin.entity.lifecycle last_activity
service.origin.entity.relationships.administers.entity id[]
service.origin.entity.relationships.administers.host id[] name[]
service.origin.entity.relationships.administers.service id[] name[]
service.origin.entity.relationships.administers.user domain[] email[] id[] name[]
service.origin.entity.relationships.depends_on.entity id[]
service.origin.entity.relationships.depends_on.host id[] name[]
service.origin.entity.relationships.depends_on.service id[] name[]
service.origin.entity.relationships.depends_on.user domain[] email[] id[] name[]
service.origin.entity.relationships.owns.entity id[]
service.origin.entity.relationships.owns.host id[] name[]
service.origin.entity.relationships.owns.service id[] name[]
service.origin.entity.relationships.owns.user domain[] email[] id[] name[]
service.origin.entity.relationships.supervises.entity id[]
service.origin.entity.relationships.supervises.host id[] name[]
service.origin.entity.relationships.supervises.service id[] name[]
service.origin.entity.relationships.supervises.user domain[] email[] id[] name[]
service.origin.node name role roles[]
service.target address environment ephemeral_id id name state type version
service.target.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
service.target.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
service.target.entity.lifecycle last_activity
service.target.entity.relationships.administers.entity id[]
service.target.entity.relationships.administers.host id[] name[]
service.target.entity.relationships.administers.service id[] name[]
service.target.entity.relationships.administers.user domain[] email[] id[] name[]
service.target.entity.relationships.depends_on.entity id[]
service.target.entity.relationships.depends_on.host id[] name[]
service.target.entity.relationships.depends_on.service id[] name[]
service.target.entity.relationships.depends_on.user domain[] email[] id[] name[]
service.target.entity.relationships.owns.entity id[]
service.target.entity.relationships.owns.host id[] name[]
service.target.entity.relationships.owns.service id[] name[]
service.target.entity.relationships.owns.user domain[] email[] id[] name[]
service.target.entity.relationships.supervises.entity id[]
service.target.entity.relationships.supervises.host id[] name[]
service.target.entity.relationships.supervises.service id[] name[]
service.target.entity.relationships.supervises.user domain[] email[] id[] name[]
service.target.node name role roles[]
source address bytes domain ip mac packets port registered_domain subdomain top_level_domain
source.as number
source.as.organization name
source.geo city_name continent_code continent_name country_iso_code country_name location{} name postal_code region_iso_code region_name timezone
source.nat ip port
source.user domain email full_name hash id name roles[]
source.user.group domain id name
span id
threat enrichments{} framework
threat.enrichments indicator{}
threat.enrichments.indicator confidence description first_seen ip last_seen modified_at name port provider reference scanner_stats sightings type
threat.enrichments.indicator.as number
threat.enrichments.indicator.as.organization name
threat.enrichments.indicator.email address
threat.enrichments.indicator.file accessed attributes[] created ctime device directory drive_letter extension fork_name gid group inode mime_type mode mtime name origin_referrer_url origin_url owner path size target_path type uid
threat.enrichments.indicator.file.code_signature digest_algorithm exists flags signing_id status subject_name team_id thumbprint_sha256 timestamp trusted valid
threat.enrichments.indicator.file.elf architecture byte_order cpu_type creation_date exports{} go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped import_hash imports_names_entropy imports_names_var_entropy imports{} sections{} segments{} shared_libraries[] telfhash
threat.enrichments.indicator.file.elf.header abi_version class data entrypoint object_version os_abi type version
threat.enrichments.indicator.file.elf.sections chi2 entropy flags name physical_offset physical_size type var_entropy virtual_address virtual_size
threat.enrichments.indicator.file.elf.segments sections type
threat.enrichments.indicator.file.hash cdhash md5 sha1 sha256 sha384 sha512 ssdeep tlsh
threat.enrichments.indicator.file.pe architecture company description file_version go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped imphash import_hash imports_names_entropy imports_names_var_entropy imports{} original_file_name pehash product sections{}
threat.enrichments.indicator.file.pe.sections entropy name physical_size var_entropy virtual_size
threat.enrichments.indicator.file.x509 alternative_names[] not_after not_before public_key_algorithm public_key_curve public_key_exponent public_key_size serial_number signature_algorithm version_number
threat.enrichments.indicator.file.x509.issuer common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
threat.enrichments.indicator.file.x509.subject common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
threat.enrichments.indicator.geo city_name continent_code continent_name country_iso_code country_name location{} name postal_code region_iso_code region_name timezone
threat.enrichments.indicator.marking tlp tlp_version
threat.enrichments.indicator.registry hive key path value
threat.enrichments.indicator.registry.data bytes strings[] type
threat.enrichments.indicator.url domain extension fragment full original password path port query registered_domain scheme subdomain top_level_domain username
threat.enrichments.indicator.x509 alternative_names[] not_after not_before public_key_algorithm public_key_curve public_key_exponent public_key_size serial_number signature_algorithm version_number
threat.enrichments.indicator.x509.issuer common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
threat.enrichments.indicator.x509.subject common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
threat.enrichments.matched atomic field id index occurred type
threat.feed dashboard_id description name reference
threat.group alias[] id name reference
threat.indicator confidence description first_seen id[] ip last_seen modified_at name port provider reference scanner_stats sightings type
threat.indicator.as number
threat.indicator.as.organization name
threat.indicator.email address
threat.indicator.file accessed attributes[] created ctime device directory drive_letter extension fork_name gid group inode mime_type mode mtime name origin_referrer_url origin_url owner path size target_path type uid
threat.indicator.file.code_signature digest_algorithm exists flags signing_id status subject_name team_id thumbprint_sha256 timestamp trusted valid
threat.indicator.file.elf architecture byte_order cpu_type creation_date exports{} go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped import_hash imports_names_entropy imports_names_var_entropy imports{} sections{} segments{} shared_libraries[] telfhash
threat.indicator.file.elf.header abi_version class data entrypoint object_version os_abi type version
threat.indicator.file.elf.sections chi2 entropy flags name physical_offset physical_size type var_entropy virtual_address virtual_size
threat.indicator.file.elf.segments sections type
threat.indicator.file.hash cdhash md5 sha1 sha256 sha384 sha512 ssdeep tlsh
threat.indicator.file.pe architecture company description file_version go_import_hash go_imports_names_entropy go_imports_names_var_entropy go_imports{} go_stripped imphash import_hash imports_names_entropy imports_names_var_entropy imports{} original_file_name pehash product sections{}
threat.indicator.file.pe.sections entropy name physical_size var_entropy virtual_size
threat.indicator.file.x509 alternative_names[] not_after not_before public_key_algorithm public_key_curve public_key_exponent public_key_size serial_number signature_algorithm version_number
threat.indicator.file.x509.issuer common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
threat.indicator.file.x509.subject common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
threat.indicator.geo city_name continent_code continent_name country_iso_code country_name location{} name postal_code region_iso_code region_name timezone
threat.indicator.marking tlp tlp_version
threat.indicator.registry hive key path value
threat.indicator.registry.data bytes strings[] type
threat.indicator.url domain extension fragment full original password path port query registered_domain scheme subdomain top_level_domain username
threat.indicator.x509 alternative_names[] not_after not_before public_key_algorithm public_key_curve public_key_exponent public_key_size serial_number signature_algorithm version_number
threat.indicator.x509.issuer common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
threat.indicator.x509.subject common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
threat.software alias[] id name platforms[] reference type
threat.tactic id[] name[] reference[]
threat.technique id[] name[] reference[]
threat.technique.subtechnique id[] name[] reference[]
tls cipher curve established next_protocol resumed version version_protocol
tls.client certificate certificate_chain[] issuer ja3 not_after not_before server_name subject supported_ciphers[]
tls.client.hash md5 sha1 sha256
tls.client.x509 alternative_names[] not_after not_before public_key_algorithm public_key_curve public_key_exponent public_key_size serial_number signature_algorithm version_number
tls.client.x509.issuer common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
tls.client.x509.subject common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
tls.server certificate certificate_chain[] issuer ja3s not_after not_before subject
tls.server.hash md5 sha1 sha256
tls.server.x509 alternative_names[] not_after not_before public_key_algorithm public_key_curve public_key_exponent public_key_size serial_number signature_algorithm version_number
tls.server.x509.issuer common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
tls.server.x509.subject common_name[] country[] distinguished_name locality[] organization[] organizational_unit[] state_or_province[]
trace id
transaction id
url domain extension fragment full original password path port query registered_domain scheme subdomain top_level_domain username
user domain email full_name hash id name roles[]
user.changes domain email full_name hash id name roles[]
user.changes.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
user.changes.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
user.changes.entity.lifecycle last_activity
user.changes.entity.relationships.administers.entity id[]
user.changes.entity.relationships.administers.host id[] name[]
user.changes.entity.relationships.administers.service id[] name[]
user.changes.entity.relationships.administers.user domain[] email[] id[] name[]
user.changes.entity.relationships.depends_on.entity id[]
user.changes.entity.relationships.depends_on.host id[] name[]
user.changes.entity.relationships.depends_on.service id[] name[]
user.changes.entity.relationships.depends_on.user domain[] email[] id[] name[]
user.changes.entity.relationships.owns.entity id[]
user.changes.entity.relationships.owns.host id[] name[]
user.changes.entity.relationships.owns.service id[] name[]
user.changes.entity.relationships.owns.user domain[] email[] id[] name[]
user.changes.entity.relationships.supervises.entity id[]
user.changes.entity.relationships.supervises.host id[] name[]
user.changes.entity.relationships.supervises.service id[] name[]
user.changes.entity.relationships.supervises.user domain[] email[] id[] name[]
user.changes.group domain id name
user.changes.risk calculated_level calculated_score calculated_score_norm static_level static_score static_score_norm
user.effective domain email full_name hash id name roles[]
user.effective.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
user.effective.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
user.effective.entity.lifecycle last_activity
user.effective.entity.relationships.administers.entity id[]
user.effective.entity.relationships.administers.host id[] name[]
user.effective.entity.relationships.administers.service id[] name[]
user.effective.entity.relationships.administers.user domain[] email[] id[] name[]
user.effective.entity.relationships.depends_on.entity id[]
user.effective.entity.relationships.depends_on.host id[] name[]
user.effective.entity.relationships.depends_on.service id[] name[]
user.effective.entity.relationships.depends_on.user domain[] email[] id[] name[]
user.effective.entity.relationships.owns.entity id[]
user.effective.entity.relationships.owns.host id[] name[]
user.effective.entity.relationships.owns.service id[] name[]
user.effective.entity.relationships.owns.user domain[] email[] id[] name[]
user.effective.entity.relationships.supervises.entity id[]
user.effective.entity.relationships.supervises.host id[] name[]
user.effective.entity.relationships.supervises.service id[] name[]
user.effective.entity.relationships.supervises.user domain[] email[] id[] name[]
user.effective.group domain id name
user.effective.risk calculated_level calculated_score calculated_score_norm static_level static_score static_score_norm
user.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
user.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
user.entity.lifecycle last_activity
user.entity.relationships.administers.entity id[]
user.entity.relationships.administers.host id[] name[]
user.entity.relationships.administers.service id[] name[]
user.entity.relationships.administers.user domain[] email[] id[] name[]
user.entity.relationships.depends_on.entity id[]
user.entity.relationships.depends_on.host id[] name[]
user.entity.relationships.depends_on.service id[] name[]
user.entity.relationships.depends_on.user domain[] email[] id[] name[]
user.entity.relationships.owns.entity id[]
user.entity.relationships.owns.host id[] name[]
user.entity.relationships.owns.service id[] name[]
user.entity.relationships.owns.user domain[] email[] id[] name[]
user.entity.relationships.supervises.entity id[]
user.entity.relationships.supervises.host id[] name[]
user.entity.relationships.supervises.service id[] name[]
user.entity.relationships.supervises.user domain[] email[] id[] name[]
user.group domain id name
user.risk calculated_level calculated_score calculated_score_norm static_level static_score static_score_norm
user.target domain email full_name hash id name roles[]
user.target.entity behavior{} display_name id last_seen_timestamp metrics{} name raw{} reference source sub_type type[]
user.target.entity.attributes known_redirects[] managed mfa_enabled oauth_consent_restriction permissions[] storage_class
user.target.entity.lifecycle last_activity
user.target.entity.relationships.administers.entity id[]
user.target.entity.relationships.administers.host id[] name[]
user.target.entity.relationships.administers.service id[] name[]
user.target.entity.relationships.administers.user domain[] email[] id[] name[]
user.target.entity.relationships.depends_on.entity id[]
user.target.entity.relationships.depends_on.host id[] name[]
user.target.entity.relationships.depends_on.service id[] name[]
user.target.entity.relationships.depends_on.user domain[] email[] id[] name[]
user.target.entity.relationships.owns.entity id[]
user.target.entity.relationships.owns.host id[] name[]
user.target.entity.relationships.owns.service id[] name[]
user.target.entity.relationships.owns.user domain[] email[] id[] name[]
user.target.entity.relationships.supervises.entity id[]
user.target.entity.relationships.supervises.host id[] name[]
user.target.entity.relationships.supervises.service id[] name[]
user.target.entity.relationships.supervises.user domain[] email[] id[] name[]
user.target.group domain id name
user.target.risk calculated_level calculated_score calculated_score_norm static_level static_score static_score_norm
user_agent name original version
user_agent.device name
user_agent.os family full kernel name platform type version
volume bus_type default_access device_name device_type dos_name file_system_type mount_name nt_name product_id product_name removable serial_number size vendor_id vendor_name writable
vulnerability category[] classification description enumeration id reference report_id severity
vulnerability.scanner vendor
vulnerability.score base environmental temporal version
`;
