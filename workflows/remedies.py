"""What to do about each error code, beyond what its sentence says: the paragraphs of `docs/errors.md`.

Codes about which the same is to be done stand together. A test holds every code of `messages` to be here once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_GROUPS: tuple[tuple[str, str], ...] = (
    # what the flow refuses
    (
        "not_in_state done_by_other unknown_verb",
        "看现在的状态和在谁处：siban show 编号；现在能办什么：siban do 编号。已由他人办过的不必再办。",
    ),
    (
        "not_allowed not_in_role auditor_reads",
        "请提示中写明的人办理；本人确应有此职责的，请管理员改机构人员表后重新载入。每个动作由谁办：siban workflow show --permissions。",
    ),
    ("same_person", "换一个没有经办过这件事项的人办理；代理、兼职和同一人的另一账户都算同一人。"),
    ("missing_field field_not_taken field_too_short", "补齐或去掉提示中的内容再办；每一项怎样填：siban 命令 --help。"),
    ("in_the_future before_last_act", "核对实际办理时间；事后补录的，时间须晚于上一步、早于现在。"),
    (
        "not_correctable correct_by_act nothing_to_correct same_value",
        "能更正的只有说明性内容；关系时限、经办和流转的，用相应的办理动作。",
    ),
    # the ledger as it was
    (
        "past_in_future known_at_alone month_or_span span_backwards bad_month not_registered_then",
        "改正时间的写法再查；回看用 --as-of，预测用 siban forecast。",
    ),
    ("bad_layout bad_ledger_layout", "按提示改正样式文件；重新写出表样再改更省事。"),
    # what may not be entered, and who may look into how the work was recorded
    (
        "classified cleared_why",
        "涉密的内容不得录入，请改用涉密系统；确已脱密的，加 --cleared（--已脱密）写明审批单文号、何时由谁解密。",
    ),
    ("not_an_inspector", "请纪检、审计人员或者牵头部门负责人查看。"),
    ("bad_conclusion", "换成 .docx 或 .txt 的文件名再写一次。"),
    # guards
    (
        "limit_clear limit_needed",
        "未写明时限的用 --时限 写明；已写明的须延长时申请延期：siban request extension 编号。",
    ),
    ("lead_among_co_units measure_undated measure_too_late", "改正主办、协办单位或整改措施的完成日期后重新提交。"),
    ("measures_left co_units_left", "先办完，或者按提示写明不再执行、协办缺项的理由。"),
    (
        "not_an_addressee unanswered not_called_back dissatisfied not_dissatisfied",
        "先反馈、回访。须向谁反馈、到了哪一步：siban show 编号；确实不能反馈的，写明理由免予反馈。",
    ),
    ("request_open", "先批复或撤回未办结的申请：siban grant 申请编号，或 siban refuse 申请编号。"),
    (
        "publicity_running not_signed_off result_not_final designated",
        "等到期满、签字或结果明确后再办；期限和须谁签字：siban show 编号。",
    ),
    ("merge_self merge_closed same_unit", "核对所写的事项或单位。"),
    ("reporter_needed", "写明反映人；不愿留名的用 --匿名。"),
    ("not_overdue done_once not_done_before", "核对事项的办理记录：siban log 编号。"),
    ("too_short percent_less", "改正日期或进度；进度确有回落的写明原因。"),
    ("parts_open", "逐件办结其下的事项，或先作出安排；清单：siban show 编号。"),
    ("refers_elsewhere too_late_for", "核对所指的行动、专项或节点及其日期：siban show 该编号。"),
    ("bad_period", "照提示中的写法改写周期。"),
    # requests
    (
        "request_not_here request_used_up request_too_late request_window_over",
        "这种申请现在提不了。时限已过的，抓紧办理并在报办结时说明；有异议的可以申诉。",
    ),
    ("request_not_later request_too_long", "改写申请的日期；批到哪一天由谁批：siban workflow show。"),
    ("unknown_request request_decided bad_request_name", "申请编号写作“事项号-序号”；待批复的申请：siban todo。"),
    # reporters
    ("no_reporter reporter_erased", "没有可看的反映人信息；清除后不能恢复，也不必再清除。"),
    ("names_reporter", "改写这段文字，用“反映人”代替姓名和联系方式；姓名只填在 --反映人 里。"),
    # notices
    (
        "unknown_notice not_my_notice not_sent not_a_draft",
        "核对通知编号：siban todo；待签发的文书：siban todo 中的“通知”。",
    ),
    (
        "bad_channels bad_channels_fields channels_open bad_target target_not_allowed unknown_target not_taken",
        "由管理员改正送达设置（docs/notices.md），改好后 siban notify test 去处 试发一条。",
    ),
    ("unknown_digest", "核对标识：siban notify status。"),
    # papers and evidence
    (
        "paper_issued paper_issued_as paper_withheld paper_colour paper_without_request paper_without_report",
        "照提示换用文种，或先办好应当在前的一步。",
    ),
    ("bad_paper_number unknown_paper ambiguous_paper", "核对文书编号：siban paper 编号。"),
    ("bad_template no_pdf", "改正模板，或用自带的模板；没有 PDF 时直接打印 Word 文件。"),
    (
        "evidence_faults bad_attachment",
        "附件被改动或缺失的，由管理员从备份中取回原件；新附件请核对文件能否打开、是否过大。",
    ),
    # who and what
    ("not_of_workflow unknown_item ambiguous_item", "核对编号：siban list；查不到的，也可能不在本人可见的范围内。"),
    ("unknown_officer ambiguous_officer unknown_unit", "核对姓名、工号或单位：siban org show。"),
    (
        "who_are_you several_desks",
        "请管理员在机构人员表登记本人的系统用户（os_user）后载入；兼任几个岗位的用 --as 工号。详见 docs/identity.md。",
    ),
    (
        "no_delegation delegation_over delegation_not_begun",
        "请管理员在机构人员表登记代理（起止日期）后载入：siban org load 文件。",
    ),
    ("not_installer not_keeper", "请数据库文件的所有者（管理员）或牵头部门负责人办理。"),
    ("basis_needed", "补上 --依据、--文号、--依据日期。"),
    ("already_done command_reused", "已经办过的不必再办；另办一次须换一个指令编号。"),
    # problem lists
    (
        "bad_map map_twice column_not_found column_not_unique column_twice columns_compete column_ambiguous column_required",
        "照提示用 --map 写明列名；先用 --dry-run 看，不写入。详见 docs/from-excel.md。",
    ),
    (
        "bad_state_word suspended_or_listed unknown_state_word unknown_profile",
        "照提示用 --state 写明状态，用 --profile 写明列名对应；先用 --dry-run 看，不写入。详见 docs/from-excel.md。",
    ),
    (
        "digits_lost done_when done_yet_open days_out_of_order broken_formula same_row entries_refused",
        "在表格中改正这一行后重新导入；有一行不对，整表都不导入。",
    ),
    ("bad_file no_reader not_xlsx", "核对文件名和格式；打不开的，用表格软件另存为 .xlsx 或 .csv（UTF-8）。"),
    (
        "output_failed exists no_such_file no_directory bad_path",
        "核对路径、权限和磁盘；已有的文件不会覆盖，请换一个名字。",
    ),
    ("time_goes_back clock_back trial_only trial_stays", "模拟时间只用于试用库，只能向前；正式使用请另建库。"),
    ("bad_setting", "照提示的取值改写。"),
    # what cannot be read
    (
        "bad_limit limit_stands bad_offset bad_instant instant_out_of_range bad_field bad_text bad_measure unknown_choice bad_argument",
        "照提示的写法改写；例子在 siban 命令 --help 末尾。",
    ),
    (
        "bad_calendar",
        "改正放假安排文件中提示的一处；国务院办公厅通知的全文可以直接载入：siban calendar load 文件 --dry-run。",
    ),
    ("no_such_clock clock_not_begun", "看这件事项有哪些计时：siban explain 编号。"),
    # forecasts
    ("forecast_past forecast_too_far bad_leave bad_forecast", "照提示改写日期、请假或对照文件。"),
    # definitions and organisations
    (
        "definition_faults organisation_faults bad_toml version_taken version_lower",
        "逐处改正后重新载入；流程先用 siban workflow check 文件 检查，机构人员先用 siban org load 文件 --dry-run 查看。",
    ),
    ("version_unknown other_workflow workflow_missing", "看库中有哪些流程和版本：siban workflow show。"),
    (
        "bad_mapping unknown_state not_to_move move_blocked",
        "先用 siban workflow move --dry-run 看清哪些事项转不了，再用 --map 指明状态。",
    ),
    ("policy_replaced", "看过最新的情况后重新载入。"),
    (
        "policy_missing no_org",
        "由管理员载入：siban org load 文件、siban calendar load 文件、siban workflow load 文件。",
    ),
    # storage
    ("no_database", "核对 --db 或 SIBAN_DB；第一次使用先建库。"),
    ("not_a_database foreign_database", "核对路径：这个文件不是本系统的数据库。"),
    ("newer_schema", "换用建库或升级时所用的新版程序。"),
    ("older_schema", "由管理员升级：先停值守，再 siban db upgrade（自动备份）。"),
    ("locked in_use journal_mode settings", "稍候再试；一直如此的，看提示中的进程在做什么，退出其他打开此文件的程序。"),
    ("disk_full", "清理磁盘后重新办理；本次没有保存。"),
    (
        "disk_failed damaged",
        "先不要再办理：检查磁盘，由管理员用最近的备份恢复（siban db restore 备份 --dry-run 先看）。",
    ),
    ("outcome_unknown", "先查磁盘，再查记录里有没有这一笔，没有的再办。"),
    ("read_only", "由管理员授权，或按 docs/run-server.md 以服务账户运行。"),
    ("network_disk", "把数据库移到本机磁盘；多台机器共用的见 docs/postgresql.md。"),
    # a server
    ("bad_url", "改正 --db 或 SIBAN_DB 中的地址。"),
    (
        "no_server server_starting server_full too_slow connection_lost",
        "稍后再试；一直如此的，请数据库管理员查看服务、网络和连接数（docs/postgresql.md）。",
    ),
    (
        "wrong_password no_login not_admitted no_tls not_permitted",
        "由数据库管理员核对账号、密码、所属组和加密设置（docs/postgresql.md）。",
    ),
    ("no_such_database not_founded no_roles", "由数据库管理员照 docs/postgresql.md 建账号组、建库，再由所有者 init。"),
    ("standby", "把地址改为主服务器；主备刚切换的稍后再试。"),
    ("held overtaken", "重新运行；一直如此的，看是谁在办同一批事项：siban log。"),
    ("commit_unanswered", "先看这件办成了没有，没有的再办；脚本用 --command-id 重办，不会办两次。"),
    ("entry_of_another", "各用各的账号连接；账号与人员的对应由管理员在机构人员表（os_user）中登记。"),
    ("files_not_there", "挂载共用文件夹，或照说明建好后重办。"),
    ("no_files_folder", "设置 SIBAN_FILES 后重办；各台机器指向同一个文件夹。"),
    # keeping
    ("another_backup", "稍后再试。"),
    ("another_move", "等那一次搬迁结束；仍要搬的再运行。"),
    ("restore_on_server", "另建一个空库，把备份搬进去，核验后改用新库。"),
    ("backup_needs_place", "加 --to 写明文件或文件夹后重办。"),
    (
        "keep_needs_directory no_backup not_still restore_itself",
        "核对备份的路径；备份怎样作、放在哪里见 docs/keeping.md。",
    ),
    ("backup_faulty copy_differs", "这份不可用，换一份备份；并核验现用数据库：siban audit verify。"),
    (
        "trial_differs another_database histories_differ entries_lost unreadable_now",
        "先用 --dry-run 看清会失去哪些记录，由负责人决定；确要恢复的按提示加选项，原文件会改名保存。",
    ),
    ("copy_to_itself", "来源和目标须是两个文件。"),
    ("replaced", "重新运行刚才的命令。"),
    ("not_whole", "请牵头部门、领导、审计人员或数据库管理员导出。"),
    ("serial_taken rung_crossed", "重新运行一次；编号由系统另给。"),
    # seals, checks, running
    (
        "not_sealed check_failed",
        "办理记录或台账有不符之处：停止办理，保留现场，运行 siban audit verify，对照带离本机的存证和备份查明。",
    ),
    (
        "key_open bad_private_key bad_key_name",
        "由保管私钥的人处理；私钥只许本人可读，丢失或外泄的另建一对并重新交存公钥。",
    ),
    (
        "clock_stepped clock_behind clock_ahead",
        "先核对本机时间；确认无误的，按提示加 --clock-is-right 运行一次，这一确认写入办理记录。",
    ),
    ("another_serve", "不必再开一个；要换选项的先停下原来的：siban service status。"),
    # services
    ("no_systemd", "用本机的启动程序让 siban serve 常驻，或用 cron 每几分钟运行一次 siban tick。"),
    ("service_needs_root", "请管理员用 sudo 运行；只给本人用的加 --user。"),
    ("service_as_root run_as_needed", "建一个不登录的系统用户，把数据库交给它（docs/run-server.md）。"),
    ("service_not_ours", "这个文件不是本程序写的：核对后自行移开，再装。"),
    ("service_absent", "看装在哪里：siban service status，或加 --user。"),
    ("service_failed", "看系统的说明：journalctl -u 服务名；改正后重装一次即可。"),
    ("password_in_address", "密码放进 PGPASSFILE 所指的文件（权限 600），地址中只写账号。"),
)

REMEDIES: Mapping[str, str] = {code: text for codes, text in _GROUPS for code in codes.split()}
"""What to do, by code."""
